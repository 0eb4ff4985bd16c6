#include "continuous/rewrite/merged_row.hpp"

namespace weir::continuous {

void AppendMergedRow(StringInfo out, const Rewrite *rewrite, MergeForm merge) {
  const int keys = list_length(rewrite->keys);
  for (int i = 0; i < list_length(rewrite->columns); i++) {
    const char *column = static_cast<char *>(list_nth(rewrite->columns, i));
    if (i > 0) appendStringInfoString(out, ", ");
    if (i < keys) {
      appendStringInfoString(out, column);
      continue;
    }
    const auto *part = static_cast<Part *>(list_nth(rewrite->parts, i - keys));
    appendStringInfo(out, "%s AS %s", merge(part, column), column);
  }
}

void AppendGroupBy(StringInfo out, const Rewrite *rewrite) {
  const int keys = list_length(rewrite->keys);
  for (int i = 0; i < keys; i++) {
    appendStringInfo(out, "%s%s", i == 0 ? " GROUP BY " : ", ",
                     static_cast<char *>(list_nth(rewrite->columns, i)));
  }
}

}  // namespace weir::continuous
