#include "stream/explain.hpp"

#include "pg/compat.hpp"
#include "stream/scan_setup.hpp"
#include "stream/scan_state.hpp"
#include "stream/spill.hpp"
#include "stream/vector_form.hpp"

extern "C" {
#include "nodes/plannodes.h"
#include "utils/ruleutils.h"
}

namespace weir::stream {
namespace {

// The keys as the child computes them, like the stock node shows them.
void ExplainKeys(AggregateScan *scan, List *ancestors, ExplainState *es) {
  const Agg *agg = scan->agg;
  if (agg->numCols == 0) return;
  // References resolve against the stock node's own child.
  ancestors = lcons(scan->css.ss.ps.plan, ancestors);
  List *context = set_deparse_context_plan(es->deparse_cxt, scan->child->plan, ancestors);
  const bool use_prefix = list_length(es->rtable) > 1 || es->verbose;
  List *keys = NIL;
  List *windows = NIL;
  for (int i = 0; i < agg->numCols; ++i) {
    TargetEntry *entry =
        list_nth_node(TargetEntry, scan->child->plan->targetlist, agg->grpColIdx[i] - 1);
    Node *node = reinterpret_cast<Node *>(entry->expr);
    char *text = deparse_expression(node, context, use_prefix, true);
    keys = lappend(keys, text);
    if (IsWindow(entry->expr)) windows = lappend(windows, text);
  }
  if (windows != NIL) ExplainPropertyList("Window", windows, es);
  ExplainPropertyList("Group Key", keys, es);
  const int ordered = OrderedKey(scan);
  if (ordered < 0) return;
  ExplainPropertyText("Ordered By", static_cast<char *>(list_nth(keys, ordered)), es);
}

void ExplainInput(AggregateScan *scan, ExplainState *es) {
  int64 direct = 0;
  int64 checked = 0;
  bool reads_pages = false;
  for (int i = 0; i < scan->source_count; ++i) {
    reads_pages |= scan->sources[i]->is_heap;
    direct += scan->sources[i]->pages_direct;
    checked += scan->sources[i]->pages_checked;
  }
  ExplainPropertyText("Input", reads_pages ? "heap pages" : "child plan", es);
  const bool is_text = es->format == EXPLAIN_FORMAT_TEXT;
  if (!is_text || (es->verbose && reads_pages)) {
    ExplainPropertyInteger("Pages Read Directly", nullptr, direct, es);
    ExplainPropertyInteger("Pages Checked By Row", nullptr, checked, es);
  }
}

void ExplainCounts(AggregateScan *scan, ExplainState *es) {
  const bool is_text = es->format == EXPLAIN_FORMAT_TEXT;
  int64 spilled = scan->spilled_bytes;
  int64 partitions = scan->spilled_partitions;
  if (scan->spill != nullptr) {
    spilled += SpilledBytes(scan->spill);
    partitions += SpilledPartitions(scan->spill);
  }
  ExplainPropertyInteger("Groups", nullptr, scan->groups_out, es);
  if (!is_text || es->verbose) ExplainPropertyInteger("Batches", nullptr, scan->batches, es);
  const int64 peak_kb = static_cast<int64>((scan->peak_bytes + 1023) / 1024);
  ExplainPropertyInteger("Peak Memory Usage", "kB", peak_kb, es);
  if (!is_text || spilled > 0) {
    ExplainPropertyInteger("Spilled Partitions", nullptr, partitions, es);
    ExplainPropertyInteger("Disk Usage", "kB", (spilled + 1023) / 1024, es);
  }
  if (scan->run.column >= 0) {
    ExplainPropertyInteger("Early Emissions", nullptr, scan->run.resets, es);
  }
  if (!is_text || scan->restarts > 0) {
    ExplainPropertyInteger("Restarts", nullptr, scan->restarts, es);
  }
}

}  // namespace

void ExplainScan(CustomScanState *node, List *ancestors, ExplainState *es) {
  auto *scan = reinterpret_cast<AggregateScan *>(node);
  ExplainKeys(scan, ancestors, es);
  if (!es->analyze) return;
  ExplainInput(scan, es);
  ExplainCounts(scan, es);
}

}  // namespace weir::stream
