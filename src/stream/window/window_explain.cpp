#include "pg/compat.hpp"
#include "stream/window/window_state.hpp"

extern "C" {
#include "nodes/plannodes.h"
#include "utils/ruleutils.h"
}

namespace weir::stream {
namespace {

// Columns as the input computes them.
List *ColumnTexts(WindowScan *scan, List *ancestors, ExplainState *es, int count,
                  const AttrNumber *columns) {
  CustomScanState *node = &scan->input.css;
  Plan *child = scan->input.child->plan;
  List *context =
      set_deparse_context_plan(es->deparse_cxt, child, lcons(node->ss.ps.plan, ancestors));
  const bool use_prefix = list_length(es->rtable) > 1 || es->verbose;
  List *texts = NIL;
  for (int i = 0; i < count; ++i) {
    TargetEntry *entry = list_nth_node(TargetEntry, child->targetlist, columns[i] - 1);
    Node *expression = reinterpret_cast<Node *>(entry->expr);
    texts = lappend(texts, deparse_expression(expression, context, use_prefix, true));
  }
  return texts;
}

void ExplainKeys(WindowScan *scan, List *ancestors, ExplainState *es) {
  const WindowAgg *lowest = scan->lowest;
  if (lowest->partNumCols > 0) {
    ExplainPropertyList("Partition Key",
                        ColumnTexts(scan, ancestors, es, lowest->partNumCols, lowest->partColIdx),
                        es);
  }
  if (lowest->ordNumCols > 0) {
    ExplainPropertyList(
        "Order", ColumnTexts(scan, ancestors, es, lowest->ordNumCols, lowest->ordColIdx), es);
  }
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
