// Settings of the workers of continuous queries.
#pragma once

namespace weir::continuous {

// What a database or role may have set must not change what the worker does. After connecting.
void UseOwnSettings();

}  // namespace weir::continuous
