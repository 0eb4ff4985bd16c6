#include "pg/compat.hpp"
#include "stream/aggregate/explain.hpp"
#include "stream/emit/emit_scan.hpp"

namespace weir::stream {

void ExplainEmit(CustomScanState *node, List *ancestors, ExplainState *es) {
  const auto *scan = reinterpret_cast<const EmitScan *>(node);
  ExplainPropertyText("Emit", scan->mode == EmitMode::kChanges ? "changes" : "final", es);
  ExplainScan(node, ancestors, es);
  if (!es->analyze || scan->window_column < 0) return;
  ExplainPropertyInteger("Windows Closed", nullptr, scan->windows_closed, es);
  const bool is_text = es->format == EXPLAIN_FORMAT_TEXT;
  if (!is_text || scan->late_rows > 0) {
    ExplainPropertyInteger("Late Rows", nullptr, scan->late_rows, es);
    ExplainPropertyInteger("Rows Dropped", nullptr, scan->dropped_rows, es);
  }
}

}  // namespace weir::stream
