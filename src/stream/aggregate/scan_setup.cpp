#include "stream/aggregate/scan_setup.hpp"

#include "pg/compat.hpp"
#include "stream/aggregate/call.hpp"

#include "stream/plan/order.hpp"
#include "stream/source/join.hpp"

extern "C" {
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace weir::stream {
namespace {

void AddKeys(AggregateScan *scan) {
  const Agg *agg = scan->agg;
  core::RowLayout &layout = scan->plan->layout;
  for (int i = 0; i < agg->numCols; ++i) {
    const AttrNumber number = agg->grpColIdx[i];
    TargetEntry *entry = list_nth_node(TargetEntry, outerPlan(agg)->targetlist, number - 1);
    Node *node = reinterpret_cast<Node *>(entry->expr);
    const Oid type = exprType(node);
    const Oid collation = exprCollation(node);
    Var *var = makeVar(OUTER_VAR, number, type, exprTypmod(node), collation, 0);
    const Encoding encoding = GroupKeyEncoding(type, collation, agg->grpOperators[i]);
    if (IsClassKey(encoding)) {
      pg::CheckMayExecute(get_opcode(agg->grpOperators[i]));
      scan->classes[i] = MakeKeyClasses(CurrentMemoryContext, agg->grpOperators[i],
                                        agg->grpCollations[i], encoding == Encoding::kKeyDatum);
      scan->has_classes = true;
    }
    layout.key_column[layout.key_count++] = AddInput(scan, reinterpret_cast<Expr *>(var), encoding);
  }
}

void AddTime(AggregateScan *scan) {
  if (scan->time_attribute == 0) return;
  const TargetEntry *entry =
      list_nth_node(TargetEntry, outerPlan(scan->agg)->targetlist, scan->time_attribute - 1);
  const Oid type = exprType(reinterpret_cast<Node *>(entry->expr));
  Var *var = makeVar(OUTER_VAR, scan->time_attribute, type, -1, InvalidOid, 0);
  scan->time_column = AddInput(scan, reinterpret_cast<Expr *>(var), Encoding::kInt64);
}

OutputColumn AggregateOutput(AggregateScan *scan, Aggref *aggref) {
  const char *why;
  const AggregateForm *form = FormOf(aggref, &why);
  if (form == nullptr) return {nullptr, MakeCall(scan, aggref), -1, Encoding::kNone};
  if (form->operation == Operation::kCountRows && aggref->aggfilter == nullptr) {
    return {form, nullptr, -1, Encoding::kNone};
  }
  Expr *argument = aggref->args == NIL ? reinterpret_cast<Expr *>(makeBoolConst(true, false))
                                       : linitial_node(TargetEntry, aggref->args)->expr;
  const Encoding encoding =
      form->argument == Encoding::kNone ? Encoding::kNullness : form->argument;
  return {form, nullptr, AddInput(scan, FilteredArgument(aggref->aggfilter, argument), encoding),
          Encoding::kNone};
}

OutputColumn KeyOutput(const AggregateScan *scan, const Var *var) {
  for (int i = 0; i < scan->agg->numCols; ++i) {
    if (scan->agg->grpColIdx[i] != var->varattno) continue;
    const int column = scan->plan->layout.key_column[i];
    return {nullptr, nullptr, i, scan->inputs[column].encoding};
  }
  elog(ERROR, "streaming aggregate emits a column that is not a group key");
}

void AddOutputs(AggregateScan *scan) {
  List *list = scan->agg->plan.targetlist;
  scan->outputs = static_cast<OutputColumn *>(
      palloc0(sizeof(OutputColumn) * static_cast<Size>(list_length(list) + 1)));
  ListCell *cell;
  foreach (cell, list) {
    Expr *expression = lfirst_node(TargetEntry, cell)->expr;
    OutputColumn *output = &scan->outputs[scan->output_count++];
    if (IsA(expression, Aggref)) {
      *output = AggregateOutput(scan, castNode(Aggref, expression));
      scan->is_partial |= DO_AGGSPLIT_SKIPFINAL(castNode(Aggref, expression)->aggsplit);
    } else {
      *output = KeyOutput(scan, castNode(Var, expression));
    }
  }
}

Source *MakeSource(AggregateScan *scan, PlanState *child) {
  const bool is_seq_scan = IsA(child, SeqScanState) && child->state->es_epq_active == nullptr;
  Source *source = nullptr;
  if (is_seq_scan) source = MakeHeapSource(scan, reinterpret_cast<SeqScanState *>(child));
  if (IsA(child, HashJoinState)) {
    source = MakeJoinSource(scan, reinterpret_cast<HashJoinState *>(child));
  }
  return source != nullptr ? source : MakeSlotSource(scan, child);
}

// The partitions of a plain append are read one after the other, each with a program of its own.
bool IsPlainAppend(const PlanState *child) {
  if (!IsA(child, AppendState) || child->plan->parallel_aware) return false;
  const auto *append = reinterpret_cast<const AppendState *>(child);
  return append->as_prune_state == nullptr && append->as_nasyncplans == 0 &&
         child->ps_ProjInfo == nullptr && child->qual == nullptr;
}

void AddSources(AggregateScan *scan) {
  const bool is_ordered = scan->run.column >= 0;
  if (is_ordered || !IsPlainAppend(scan->child)) {
    scan->sources = static_cast<Source **>(palloc(sizeof(Source *)));
    scan->sources[0] =
        is_ordered ? MakeSlotSource(scan, scan->child) : MakeSource(scan, scan->child);
    scan->source_count = 1;
    return;
  }
  auto *append = reinterpret_cast<AppendState *>(scan->child);
  scan->sources = static_cast<Source **>(
      palloc(sizeof(Source *) * static_cast<Size>(Max(append->as_nplans, 1))));
  for (int i = 0; i < append->as_nplans; ++i) {
    scan->sources[scan->source_count++] = MakeSource(scan, append->appendplans[i]);
  }
}

bool IsRepeatable(const Source *source) {
  const Plan *plan = source->child->plan;
  return source->is_heap && !plan->parallel_aware &&
         !contain_volatile_functions(reinterpret_cast<Node *>(plan->qual)) &&
         !contain_volatile_functions(reinterpret_cast<Node *>(plan->targetlist));
}

}  // namespace

int AddInput(AggregateScan *scan, Expr *expression, Encoding encoding) {
  for (int i = 0; i < scan->input_count; ++i) {
    if (scan->inputs[i].encoding == encoding && equal(scan->inputs[i].expression, expression)) {
      return i;
    }
  }
  if (scan->input_count >= core::kMaxColumns) {
    elog(ERROR, "streaming aggregate reads more than %d columns", core::kMaxColumns);
  }
  scan->inputs[scan->input_count] = {expression, encoding, true};
  return scan->input_count++;
}

Expr *FilteredArgument(Expr *filter, Expr *argument) {
  if (filter == nullptr) return argument;
  auto *when = makeNode(CaseWhen);
  when->expr = filter;
  when->result = argument;
  when->location = -1;
  auto *condition = makeNode(CaseExpr);
  Node *node = reinterpret_cast<Node *>(argument);
  condition->casetype = exprType(node);
  condition->casecollid = exprCollation(node);
  condition->args = list_make1(when);
  condition->defresult = reinterpret_cast<Expr *>(
      makeNullConst(condition->casetype, exprTypmod(node), condition->casecollid));
  condition->location = -1;
  return reinterpret_cast<Expr *>(condition);
}

void PlanStates(AggregateScan *scan, bool careful) {
  core::AggregatorPlan *plan = scan->plan;
  plan->is_careful = careful;
  plan->layout.column_count = scan->input_count;
  plan->layout.extra_bytes = scan->call_states * static_cast<int>(sizeof(CallState));
  bool nullable[core::kMaxColumns];
  for (int i = 0; i < scan->input_count; ++i) {
    plan->kinds[i] = KindOf(scan->inputs[i].encoding);
    plan->layout.need[i] = 0;
    nullable[i] = scan->inputs[i].is_nullable;
  }
  for (int i = 0; i < scan->output_count; ++i) {
    const OutputColumn &output = scan->outputs[i];
    if (output.form == nullptr || output.column < 0) continue;
    const uint32 need = output.form->operation == Operation::kCountRows
                            ? static_cast<uint32>(core::kNeedCount)
                            : NeedsOf(*output.form, careful, scan->is_partial);
    plan->layout.need[output.column] |= need;
  }
  core::FinishLayout(plan->layout, plan->kinds, nullable);
}

int OrderedKey(const AggregateScan *scan) {
  const auto *plan = reinterpret_cast<const CustomScan *>(scan->css.ss.ps.plan);
  if (plan->custom_private != NIL) return linitial_int(plan->custom_private);
  const Plan *child = outerPlan(scan->agg);
  for (int i = 0; i < scan->agg->numCols; ++i) {
    const AttrNumber column = scan->agg->grpColIdx[i];
    Node *key =
        reinterpret_cast<Node *>(list_nth_node(TargetEntry, child->targetlist, column - 1)->expr);
    const Encoding encoding =
        GroupKeyEncoding(exprType(key), exprCollation(key), scan->agg->grpOperators[i]);
    if (IsWordKey(encoding) && IsColumnOrdered(child, column)) {
      return i;
    }
  }
  return -1;
}

namespace {

void CheckMayAggregate(const Agg *agg) {
  ListCell *cell;
  foreach (cell, agg->plan.targetlist) {
    Expr *expression = lfirst_node(TargetEntry, cell)->expr;
    if (IsA(expression, Aggref)) pg::CheckMayExecute(castNode(Aggref, expression)->aggfnoid);
  }
}

}  // namespace

void SetUpScan(AggregateScan *scan, EState *estate, int eflags) {
  auto *plan = reinterpret_cast<CustomScan *>(scan->css.ss.ps.plan);
  scan->agg = linitial_node(Agg, plan->custom_plans);
  CheckMayAggregate(scan->agg);
  // Rewinding is our own affair: groups stay until parameters change.
  const int child_flags = eflags & ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
  scan->child = ExecInitNode(outerPlan(scan->agg), estate, child_flags);
  scan->css.custom_ps = list_make1(scan->child);
  if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
  scan->groups_context =
      AllocSetContextCreate(estate->es_query_cxt, "weir groups", ALLOCSET_DEFAULT_SIZES);
  scan->batch_context =
      AllocSetContextCreate(estate->es_query_cxt, "weir batch", ALLOCSET_DEFAULT_SIZES);
  scan->partition_context =
      AllocSetContextCreate(estate->es_query_cxt, "weir spilled batch", ALLOCSET_DEFAULT_SIZES);
  scan->scan_context =
      AllocSetContextCreate(estate->es_query_cxt, "weir scan", ALLOCSET_SMALL_SIZES);
  scan->plan = static_cast<core::AggregatorPlan *>(palloc0(sizeof(core::AggregatorPlan)));
  scan->calls_repeat = true;
  scan->results_repeat = true;
  AddKeys(scan);
  if (scan->has_classes) scan->strangers = static_cast<Strangers *>(palloc0(sizeof(Strangers)));
  AddOutputs(scan);
  if (scan->calls != NIL) BeginCalls(scan);
  AddTime(scan);
  const int key = scan->closes_runs ? OrderedKey(scan) : -1;
  scan->run.column = key < 0 ? -1 : scan->plan->layout.key_column[key];
  AddSources(scan);
  scan->can_restart = scan->calls_repeat;
  for (int i = 0; i < scan->source_count; ++i) scan->can_restart &= IsRepeatable(scan->sources[i]);
  PlanStates(scan, !scan->can_restart);
}

}  // namespace weir::stream
