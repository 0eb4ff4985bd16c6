// SQL of the merged row: each group once, with its pieces merged.
#pragma once

#include "continuous/rewrite/parts.hpp"
#include "continuous/rewrite/rewrite.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace weir::continuous {

using MergeForm = char *(*)(const Part *part, const char *column);

// Keys and merged pieces under the names of the state table.
void AppendMergedRow(StringInfo out, const Rewrite *rewrite, MergeForm merge);
void AppendGroupBy(StringInfo out, const Rewrite *rewrite);

}  // namespace weir::continuous
