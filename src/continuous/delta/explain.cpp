// What EXPLAIN says of a delta scan.
#include "continuous/delta/scan_state.hpp"
#include "pg/compat.hpp"

namespace weir::continuous {

void ExplainDelta(CustomScanState *node, List *, ExplainState *es) {
  const auto *scan = reinterpret_cast<DeltaScan *>(node);
  ExplainPropertyInteger("Continuous Query", nullptr, scan->query_id, es);
  if (!es->analyze) return;
  ExplainPropertyText("Mode", scan->is_tick ? "tick" : "reader", es);
  ExplainPropertyInteger("Pages Read", nullptr, scan->totals.pages_read, es);
  ExplainPropertyInteger("Pages Skipped by Map", nullptr, scan->totals.skipped_by_map, es);
  ExplainPropertyInteger("Pages Skipped by LSN", nullptr, scan->totals.skipped_by_lsn, es);
  ExplainPropertyInteger("New Rows", nullptr, scan->totals.rows, es);
}

}  // namespace weir::continuous
