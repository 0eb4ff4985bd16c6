// Continuous queries: a SELECT that is kept up to date for ever.
#pragma once

namespace weir::continuous {

// Called once, from _PG_init, after the settings are defined.
void Install();

}  // namespace weir::continuous
