// Which tables can be watched for new rows.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "utils/relcache.h"
}

namespace weir::continuous {

// Null, or a sentence.
const char *WhyNotWatchable(Relation relation);
[[noreturn]] void RaiseNotWatchable(Relation relation, const char *why);

}  // namespace weir::continuous
