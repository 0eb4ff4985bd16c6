// Forgets what a query was asked to keep for a while only.
#pragma once

#include "continuous/step/kept_query.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

// In the query's worker, now and then: removes what is too old, in a transaction of its own. False
// when the extension is gone.
bool KeepRetention(KeptQuery *query);

}  // namespace weir::continuous
