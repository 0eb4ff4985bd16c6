// Keeps a flush worker running for each database that is recorded.
#pragma once

namespace weir::stats {

// Called once, from Install(): tells the launcher what it has to do.
void TendFlushWorkers();

}  // namespace weir::stats
