#include "stream/aggregate/explain.hpp"

#include "pg/compat.hpp"
#include "stream/aggregate/scan_setup.hpp"
#include "stream/column/vector_form.hpp"
#include "stream/node/scan_state.hpp"

extern "C" {
#include "nodes/plannodes.h"
#include "utils/ruleutils.h"
}

namespace weir::stream {
namespace {

// What a column of the child is computed from, looking through appends and what merely passes it
// on.
const Expr *OriginOf(const Plan *plan, const Expr *expression) {
  while (IsA(expression, Var) &&
         castNode(Var, const_cast<Expr *>(expression))->varno == OUTER_VAR) {
    const AttrNumber column = castNode(Var, const_cast<Expr *>(expression))->varattno;
    List *parts = IsA(plan, Append) ? reinterpret_cast<const Append *>(plan)->appendplans : NIL;
    plan = parts != NIL ? static_cast<const Plan *>(linitial(parts)) : outerPlan(plan);
    if (plan == nullptr || column > list_length(plan->targetlist)) break;
    expression = list_nth_node(TargetEntry, plan->targetlist, column - 1)->expr;
  }
  return expression;
}

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
    if (IsWindow(OriginOf(scan->child->plan, entry->expr))) windows = lappend(windows, text);
  }
  if (windows != NIL) ExplainPropertyList("Window", windows, es);
  ExplainPropertyList("Group Key", keys, es);
  const int ordered = scan->closes_runs ? OrderedKey(scan) : -1;
  if (ordered < 0) return;
  ExplainPropertyText("Ordered By", static_cast<char *>(list_nth(keys, ordered)), es);
}

void ExplainInput(AggregateScan *scan, const Counters &total, ExplainState *es) {
  bool reads_pages = false;
  bool joins = false;
  for (int i = 0; i < scan->source_count; ++i) {
    reads_pages |= scan->sources[i]->is_heap;
    joins |= scan->sources[i]->join_count > 0;
  }
  const char *pages = joins ? "heap pages, joined as they are read" : "heap pages";
  ExplainPropertyText("Input", reads_pages ? pages : "child plan", es);
  const bool is_text = es->format == EXPLAIN_FORMAT_TEXT;
  if (!is_text || (es->verbose && reads_pages)) {
    ExplainPropertyInteger("Pages Read Directly", nullptr, total.pages_direct, es);
    ExplainPropertyInteger("Pages Checked By Row", nullptr, total.pages_checked, es);
  }
}

void ExplainCounts(AggregateScan *scan, const Counters &total, ExplainState *es) {
  const bool is_text = es->format == EXPLAIN_FORMAT_TEXT;
  ExplainPropertyInteger("Groups", nullptr, total.groups, es);
  if (!is_text || es->verbose) ExplainPropertyInteger("Batches", nullptr, total.batches, es);
  const int64 peak_kb = static_cast<int64>((total.peak_bytes + 1023) / 1024);
  ExplainPropertyInteger("Peak Memory Usage", "kB", peak_kb, es);
  if (!is_text || total.spilled_bytes > 0) {
    ExplainPropertyInteger("Spilled Partitions", nullptr, total.spilled_partitions, es);
    ExplainPropertyInteger("Disk Usage", "kB", (total.spilled_bytes + 1023) / 1024, es);
  }
  if (scan->run.column >= 0) {
    ExplainPropertyInteger("Early Emissions", nullptr, total.early_emissions, es);
  }
  if (!is_text || total.restarts > 0) {
    ExplainPropertyInteger("Restarts", nullptr, total.restarts, es);
  }
}

}  // namespace

void ExplainScan(CustomScanState *node, List *ancestors, ExplainState *es) {
  auto *scan = reinterpret_cast<AggregateScan *>(node);
  ExplainKeys(scan, ancestors, es);
  if (!es->analyze) return;
  const Counters total = TotalCounters(scan);
  ExplainInput(scan, total, es);
  ExplainCounts(scan, total, es);
}

}  // namespace weir::stream
