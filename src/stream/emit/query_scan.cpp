#include "stream/emit/query_scan.hpp"

#include "pg/compat.hpp"
#include "pg/expression_walk.hpp"
#include "stream/emit/inner_query.hpp"
#include "stream/emit/json_row.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"
}

namespace weir::stream {
namespace {

struct QueryScan {
  CustomScanState css;
  List *arguments;  // of ExprState
  bool as_json;
  JsonWriter *writer;
  bool has_row;        // the last column of the scan is the whole row
  TupleDesc declared;  // the columns without it
  InnerQuery *inner;   // null until it is needed
  bool is_at_end;
  bool passes_on;  // rows leave in the slot they came in
};

extern const CustomExecMethods kQueryExecMethods;

QueryScan *ScanOf(CustomScanState *node) { return reinterpret_cast<QueryScan *>(node); }

CustomScan *PlanOf(QueryScan *scan) { return reinterpret_cast<CustomScan *>(scan->css.ss.ps.plan); }

// The call of the function: what the plan keeps in custom_exprs.
FuncExpr *CallOf(QueryScan *scan) { return linitial_node(FuncExpr, PlanOf(scan)->custom_exprs); }

TupleDesc DeclaredColumns(List *columns, bool has_row) {
  const int count = list_length(columns) - (has_row ? 1 : 0);
  TupleDesc declared = CreateTemplateTupleDesc(count);
  for (int i = 0; i < count; ++i) {
    const TargetEntry *entry = list_nth_node(TargetEntry, columns, i);
    Node *column = reinterpret_cast<Node *>(entry->expr);
    const auto number = static_cast<AttrNumber>(i + 1);
    TupleDescInitEntry(declared, number, entry->resname, exprType(column), exprTypmod(column), 0);
    TupleDescInitEntryCollation(declared, number, exprCollation(column));
  }
  return BlessTupleDesc(declared);
}

bool IsWholeRow(const TargetEntry *entry) {
  return IsA(entry->expr, Var) && castNode(Var, entry->expr)->varattno == 0;
}

void Open(QueryScan *scan) {
  EState *state = scan->css.ss.ps.state;
  QueryArguments arguments{};
  int i = 0;
  ListCell *cell;
  foreach (cell, scan->arguments) {
    auto *expression = static_cast<ExprState *>(lfirst(cell));
    arguments.value[i] = ExecEvalExprSwitchContext(expression, scan->css.ss.ps.ps_ExprContext,
                                                   &arguments.is_null[i]);
    ++i;
  }
  const InnerOptions options{state->es_query_cxt, state->es_snapshot,
                             state->es_top_eflags & EXEC_FLAG_EXPLAIN_ONLY, state->es_instrument};
  scan->inner = OpenInner(arguments, options);
  scan->is_at_end = false;
  if (scan->as_json) {
    MemoryContext old = MemoryContextSwitchTo(scan->inner->context);
    scan->writer = MakeJsonWriter(scan->inner->row);
    MemoryContextSwitchTo(old);
  } else {
    CheckColumns(scan->declared, scan->inner->row);
  }
}

void Close(QueryScan *scan) {
  if (scan->inner != nullptr) CloseInner(scan->inner);
  scan->inner = nullptr;
}

// Whether something other than the client's own parameters is asked for.
bool DependsOnExecution(Node *node, const EState *state) {
  if (node == nullptr) return false;
  if (IsA(node, Param)) {
    return castNode(Param, node)->paramkind != PARAM_EXTERN || state->es_param_list_info == nullptr;
  }
  return pg::WalkExpression(node, DependsOnExecution, state);
}

// EXPLAIN shows the plan of a query that is known without running anything.
bool IsKnown(QueryScan *scan) {
  Node *node = reinterpret_cast<Node *>(CallOf(scan)->args);
  const EState *state = scan->css.ss.ps.state;
  return !contain_mutable_functions(node) && !DependsOnExecution(node, state);
}

// Where nothing is done to the rows, copying their slot would be a good part of the work. What
// reads them must not count on the kind of the slot.
void PassOn(QueryScan *scan) {
  PlanState *state = &scan->css.ss.ps;
  scan->passes_on =
      !scan->has_row && !scan->as_json && state->qual == nullptr && state->ps_ProjInfo == nullptr;
  if (scan->passes_on) state->resultopsfixed = false;
}

void BeginScan(CustomScanState *node, EState *, int) {
  QueryScan *scan = ScanOf(node);
  const CustomScan *plan = PlanOf(scan);
  pg::CheckMayExecute(CallOf(scan)->funcid);
  scan->as_json = CallOf(scan)->funcresulttype == JSONBOID;
  scan->has_row = IsWholeRow(llast_node(TargetEntry, plan->custom_scan_tlist));
  scan->declared = DeclaredColumns(plan->custom_scan_tlist, scan->has_row);
  scan->arguments = ExecInitExprList(CallOf(scan)->args, &node->ss.ps);
  PassOn(scan);
  if (IsKnown(scan)) Open(scan);
}

Datum WholeRow(const QueryScan *scan, const TupleTableSlot *slot) {
  HeapTuple tuple = heap_form_tuple(scan->declared, slot->tts_values, slot->tts_isnull);
  return heap_copy_tuple_as_datum(tuple, scan->declared);
}

void FillSlot(QueryScan *scan, TupleTableSlot *row, TupleTableSlot *slot) {
  const int count = scan->declared->natts;
  MemoryContext old = MemoryContextSwitchTo(scan->css.ss.ps.ps_ExprContext->ecxt_per_tuple_memory);
  ExecClearTuple(slot);
  if (scan->as_json) {
    slot->tts_values[0] = RowAsJson(scan->writer, row);
    slot->tts_isnull[0] = false;
  } else {
    slot_getallattrs(row);
    memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * static_cast<Size>(count));
    memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * static_cast<Size>(count));
  }
  if (scan->has_row) {
    slot->tts_values[count] = WholeRow(scan, slot);
    slot->tts_isnull[count] = false;
  }
  ExecStoreVirtualTuple(slot);
  MemoryContextSwitchTo(old);
}

TupleTableSlot *NextRow(ScanState *state) {
  auto *scan = reinterpret_cast<QueryScan *>(state);
  if (scan->inner == nullptr) Open(scan);
  TupleTableSlot *row = scan->is_at_end ? nullptr : NextInner(scan->inner);
  if (row == nullptr) {
    scan->is_at_end = true;
    return ExecClearTuple(state->ss_ScanTupleSlot);
  }
  if (scan->passes_on) return row;
  FillSlot(scan, row, state->ss_ScanTupleSlot);
  return state->ss_ScanTupleSlot;
}

// Only queries that look at no row again are planned this way.
bool Recheck(ScanState *, TupleTableSlot *) { return true; }

TupleTableSlot *ExecQueryScan(CustomScanState *node) {
  return ExecScan(&node->ss, NextRow, Recheck);
}

void EndScan(CustomScanState *node) { Close(ScanOf(node)); }

void ReScan(CustomScanState *node) {
  QueryScan *scan = ScanOf(node);
  if (node->ss.ps.chgParam != nullptr && !IsKnown(scan)) {
    Close(scan);
  } else if (scan->inner != nullptr) {
    RewindInner(scan->inner);
  }
  scan->is_at_end = false;
  ExecScanReScan(&node->ss);
}

// The inner query has range tables and names of its own, so it is printed as a plan of its own.
void ExplainScan(CustomScanState *node, List *, ExplainState *es) {
  QueryScan *scan = ScanOf(node);
  if (scan->inner == nullptr) {
    ExplainPropertyText("Query", "known when it runs", es);
    return;
  }
  if (scan->inner->mode != EmitMode::kNone) {
    ExplainPropertyText("Emit", scan->inner->mode == EmitMode::kChanges ? "changes" : "final", es);
  }
  const ExplainState outer = *es;
  ExplainPrintPlan(es, scan->inner->running);
  es->pstmt = outer.pstmt;
  es->rtable = outer.rtable;
  es->rtable_names = outer.rtable_names;
  es->deparse_cxt = outer.deparse_cxt;
  es->printed_subplans = outer.printed_subplans;
  es->hide_workers = outer.hide_workers;
}

const CustomExecMethods kQueryExecMethods = {
    .CustomName = kQueryNodeName,
    .BeginCustomScan = BeginScan,
    .ExecCustomScan = ExecQueryScan,
    .EndCustomScan = EndScan,
    .ReScanCustomScan = ReScan,
    .ExplainCustomScan = ExplainScan,
};

}  // namespace

Node *CreateQueryScan(CustomScan *) {
  auto *scan = static_cast<QueryScan *>(palloc0(sizeof(QueryScan)));
  NodeSetTag(scan, T_CustomScanState);
  scan->css.methods = &kQueryExecMethods;
  return reinterpret_cast<Node *>(scan);
}

}  // namespace weir::stream
