// What creating a query and changing one have in common.
#pragma once

#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace weir::continuous {

// Options as given; they raise for values that there are not.
bool IsErrorOption(const text *option);
void RequireTick(const Interval *tick);

// The definition, parsed with the caller's rights and search_path, and found maintainable.
Rewrite *Analyse(const char *text);

}  // namespace weir::continuous
