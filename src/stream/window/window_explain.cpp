#include "pg/compat.hpp"
#include "stream/window/window_node.hpp"
#include "stream/window/window_state.hpp"

extern "C" {
#include "nodes/plannodes.h"
#include "utils/ruleutils.h"
}

namespace weir::stream {
namespace {

// A column as the input computes it.
char *ColumnText(WindowScan *scan, List *ancestors, ExplainState *es, AttrNumber column) {
  CustomScanState *node = &scan->input.css;
  Plan *child = scan->input.child->plan;
  List *context =
      set_deparse_context_plan(es->deparse_cxt, child, lcons(node->ss.ps.plan, ancestors));
  const bool use_prefix = list_length(es->rtable) > 1 || es->verbose;
  TargetEntry *entry = list_nth_node(TargetEntry, child->targetlist, column - 1);
  return deparse_expression(reinterpret_cast<Node *>(entry->expr), context, use_prefix, true);
}

// What is not said is the default: ascending with NULLs last, descending with NULLs first.
const char *DirectionOf(List *flags, int column) {
  const bool descends = list_nth_int(flags, 2 * column) != 0;
  const bool nulls_first = list_nth_int(flags, 2 * column + 1) != 0;
  if (descends) return nulls_first ? " DESC" : " DESC NULLS LAST";
  return nulls_first ? " NULLS FIRST" : "";
}

void ExplainKeys(WindowScan *scan, List *ancestors, ExplainState *es) {
  const WindowAgg *lowest = scan->lowest;
  List *keys = NIL;
  for (int i = 0; i < lowest->partNumCols; ++i) {
    keys = lappend(keys, ColumnText(scan, ancestors, es, lowest->partColIdx[i]));
  }
  if (keys != NIL) ExplainPropertyList("Partition Key", keys, es);
  const auto *plan = reinterpret_cast<CustomScan *>(scan->input.css.ss.ps.plan);
  List *flags = static_cast<List *>(list_nth(plan->custom_private, kPrivateOrder));
  List *order = NIL;
  for (int i = 0; i < lowest->ordNumCols; ++i) {
    char *text = ColumnText(scan, ancestors, es, lowest->ordColIdx[i]);
    order = lappend(order, psprintf("%s%s", text, DirectionOf(flags, i)));
  }
  if (order != NIL) ExplainPropertyList("Order", order, es);
}

// What was done about the order of rows.
const char *ArrivalOf(const WindowScan *scan) {
  if (scan->stock != nullptr) return "stock nodes, memory was full";
  if (scan->store != nullptr) return scan->sorted_keys > 0 ? "kept and sorted" : "kept";
  if (scan->was_checked) return "streamed, order checked";
  return "not read";
}

void ExplainCounts(const WindowScan *scan, ExplainState *es) {
  const bool reads_pages = scan->source != nullptr && scan->source->is_heap;
  ExplainPropertyText("Input", reads_pages ? "heap pages" : "child plan", es);
  ExplainPropertyText("Rows", ArrivalOf(scan), es);
  if (scan->stock != nullptr) return;
  ExplainPropertyInteger("Partitions", nullptr, scan->keys, es);
  if (es->format != EXPLAIN_FORMAT_TEXT || scan->sorted_keys > 0) {
    ExplainPropertyInteger("Sorted Partitions", nullptr, scan->sorted_keys, es);
  }
  const auto peak_kb = static_cast<int64>((scan->peak_bytes + 1023) / 1024);
  ExplainPropertyInteger("Peak Memory Usage", "kB", peak_kb, es);
}

}  // namespace

void ExplainWindows(CustomScanState *node, List *ancestors, ExplainState *es) {
  WindowScan *scan = WindowScanOf(node);
  ExplainKeys(scan, ancestors, es);
  if (es->analyze) ExplainCounts(scan, es);
}

}  // namespace weir::stream
