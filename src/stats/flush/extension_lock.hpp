// Keeps the worker in step with an extension that is dropped and created again.
#pragma once

namespace weir::stats {

// The first lock of each transaction that writes. DROP EXTENSION locks the extension before what
// belongs to it; a worker that held a table and then wanted the extension, to add a partition to
// it, would close a circle. False when the extension is gone. What was known of tables of another
// incarnation of the extension is forgotten.
bool LockExtension();

}  // namespace weir::stats
