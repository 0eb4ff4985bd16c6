// ALTER TABLE that rewrites a table gives every row a new xmin; this keeps them from being counted
// again.
#pragma once

namespace weir::continuous {

// Called once, from _PG_init.
void InstallRewriteGuard();

}  // namespace weir::continuous
