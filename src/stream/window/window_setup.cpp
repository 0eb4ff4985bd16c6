// From the stock nodes' plan to columns and functions.
#include "stream/aggregate/scan_setup.hpp"
#include "stream/window/window_node.hpp"
#include "stream/window/window_state.hpp"

#include "pg/expression_walk.hpp"
#include "stream/column/outer_reference.hpp"

extern "C" {
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

namespace weir::stream {
namespace {

using core::ValueKind;
using core::WindowOp;

int AddInput(WindowScan *scan, Expr *expression, Encoding encoding) {
  AggregateScan *input = &scan->input;
  for (int i = 0; i < input->input_count; ++i) {
    if (input->inputs[i].encoding == encoding && equal(input->inputs[i].expression, expression)) {
      return i;
    }
  }
  if (input->input_count >= core::kMaxColumns) {
    ereport(ERROR, errcode(ERRCODE_TOO_MANY_COLUMNS),
            errmsg("cannot stream windows over more than %d columns", core::kMaxColumns),
            errhint("SET weir.stream = off; lets PostgreSQL run the query."));
  }
  input->inputs[input->input_count] = {expression, encoding, true};
  return input->input_count++;
}

Expr *ChildColumn(const WindowScan *scan, AttrNumber number) {
  const List *list = scan->input.child->plan->targetlist;
  Node *node = reinterpret_cast<Node *>(list_nth_node(TargetEntry, list, number - 1)->expr);
  return reinterpret_cast<Expr *>(
      makeVar(OUTER_VAR, number, exprType(node), exprTypmod(node), exprCollation(node), 0));
}

void AddKeys(WindowScan *scan) {
  core::RowLayout &layout = scan->plan->keys;
  for (int i = 0; i < scan->lowest->partNumCols; ++i) {
    Expr *column = ChildColumn(scan, scan->lowest->partColIdx[i]);
    Node *node = reinterpret_cast<Node *>(column);
    const Encoding encoding = KeyEncoding(exprType(node), exprCollation(node));
    layout.key_column[layout.key_count++] = AddInput(scan, column, encoding);
  }
}

void AddOrder(WindowScan *scan, List *flags) {
  core::WindowPlan *plan = scan->plan;
  for (int i = 0; i < scan->lowest->ordNumCols; ++i) {
    Expr *column = ChildColumn(scan, scan->lowest->ordColIdx[i]);
    const Encoding encoding = PhysicalEncoding(exprType(reinterpret_cast<Node *>(column)));
    core::OrderColumn &order = plan->order[plan->order_count++];
    order.column = AddInput(scan, column, encoding);
    order.kind = KindOf(encoding);
    order.is_descending = list_nth_int(flags, 2 * i) != 0;
    order.nulls_first = list_nth_int(flags, 2 * i + 1) != 0;
  }
}

// An expression over the output of one stock node, over the input's columns instead.
Expr *OverInput(const WindowScan *scan, const WindowAgg *node, Expr *expression) {
  for (; node != scan->lowest; node = castNode(WindowAgg, outerPlan(node))) {
    expression = ResolveOuter(expression, outerPlan(node)->targetlist);
  }
  return expression;
}

int AddSeries(WindowScan *scan, Expr *argument, Encoding encoding) {
  core::WindowPlan *plan = scan->plan;
  const int column = AddInput(scan, argument, encoding);
  for (int i = 0; i < plan->series_count; ++i) {
    if (plan->series[i].column == column) return i;
  }
  plan->series[plan->series_count] = {column, KindOf(encoding), 0};
  return plan->series_count++;
}

// The type that PostgreSQL adds in: averages of float4 are sums of float8.
ValueKind KindOfSum(const AggregateForm &form) {
  if (form.operation == Operation::kAverage && form.argument == Encoding::kFloat4) {
    return ValueKind::kFloat8;
  }
  return KindOf(form.argument);
}

WindowFrame *FrameOf(const WindowScan *scan, const WindowAgg *node) {
  auto *frame = static_cast<WindowFrame *>(palloc0(sizeof(WindowFrame)));
  PlanState *parent = const_cast<PlanState *>(&scan->input.css.ss.ps);
  frame->options = node->frameOptions;
  frame->start = ExecInitExpr(reinterpret_cast<Expr *>(node->startOffset), parent);
  frame->end = ExecInitExpr(reinterpret_cast<Expr *>(node->endOffset), parent);
  return frame;
}

Expr *ArgumentOf(const WindowScan *scan, const WindowAgg *node, const WindowFunc *call) {
  Expr *argument = call->args == NIL ? reinterpret_cast<Expr *>(makeBoolConst(true, false))
                                     : static_cast<Expr *>(linitial(call->args));
  return OverInput(scan, node, FilteredArgument(call->aggfilter, argument));
}

void AddFunction(WindowScan *scan, const WindowAgg *node, const WindowFunc *call,
                 WindowOutput *output) {
  const char *why;
  if (!WindowCallOf(call, &output->call, &why)) {
    elog(ERROR, "unexpected window function %u", call->winfnoid);
  }
  core::WindowPlan *plan = scan->plan;
  output->function = plan->function_count;
  core::WindowFunction &function = plan->functions[plan->function_count++];
  function = {};
  function.op = output->call.op;
  function.offset = output->call.offset;
  function.order_columns = node->ordNumCols;
  scan->frames = lappend(scan->frames, FrameOf(scan, node));
  const AggregateForm *form = output->call.aggregate;
  if (form != nullptr && function.op != WindowOp::kCountRows) {
    output->encoding = form->argument == Encoding::kNone ? Encoding::kNullness : form->argument;
    function.series = AddSeries(scan, ArgumentOf(scan, node, call), output->encoding);
    function.kind = KindOfSum(*form);
    function.checks_squares =
        form->operation == Operation::kAverage && form->argument == Encoding::kFloat8;
  } else if (core::FindsRow(function.op)) {
    Node *value = static_cast<Node *>(linitial(call->args));
    output->encoding = PassEncoding(exprType(value));
    function.series = AddSeries(scan, ArgumentOf(scan, node, call), output->encoding);
    function.kind = KindOf(output->encoding);
    if (list_length(call->args) == 3) {
      Expr *otherwise = OverInput(scan, node, static_cast<Expr *>(lthird(call->args)));
      output->input = AddInput(scan, otherwise, output->encoding);
    }
  }
  plan->needs_peers |= function.op == WindowOp::kRank || function.op == WindowOp::kDenseRank;
}

// Looks through the stock nodes for what a column is: one of the input's, or a function.
void AddOutput(WindowScan *scan, Expr *expression, WindowOutput *output) {
  const WindowAgg *node = scan->top;
  while (IsA(expression, Var) && node != scan->lowest) {
    const AttrNumber number = castNode(Var, expression)->varattno;
    expression = list_nth_node(TargetEntry, outerPlan(node)->targetlist, number - 1)->expr;
    node = castNode(WindowAgg, outerPlan(node));
  }
  *output = {};
  output->is_needed = true;
  output->input = -1;
  output->function = -1;
  if (IsA(expression, WindowFunc)) {
    AddFunction(scan, node, castNode(WindowFunc, expression), output);
    return;
  }
  output->encoding = PassEncoding(exprType(reinterpret_cast<Node *>(expression)));
  output->input =
      AddInput(scan, ChildColumn(scan, castNode(Var, expression)->varattno), output->encoding);
}

struct Needs {
  WindowScan *scan;
  Bitmapset *columns;
};

bool FindNeeded(Node *node, Needs *needs) {
  if (node == nullptr) return false;
  if (IsA(node, Var)) {
    if (castNode(Var, node)->varno == INDEX_VAR) {
      needs->columns = bms_add_member(needs->columns, castNode(Var, node)->varattno);
    }
    return false;
  }
  return pg::WalkExpression(node, FindNeeded, needs);
}

void AddOutputs(WindowScan *scan) {
  const Plan *plan = scan->input.css.ss.ps.plan;
  Needs needs{scan, nullptr};
  FindNeeded(reinterpret_cast<Node *>(plan->targetlist), &needs);
  FindNeeded(reinterpret_cast<Node *>(plan->qual), &needs);
  List *list = scan->top->plan.targetlist;
  scan->outputs = static_cast<WindowOutput *>(
      palloc0(sizeof(WindowOutput) * static_cast<Size>(list_length(list) + 1)));
  ListCell *cell;
  foreach (cell, list) {
    WindowOutput *output = &scan->outputs[scan->output_count++];
    if (!bms_is_member(scan->output_count, needs.columns)) continue;
    AddOutput(scan, lfirst_node(TargetEntry, cell)->expr, output);
  }
}

bool IsRepeatable(const PlanState *child) {
  return IsA(child, SeqScanState) && !child->plan->parallel_aware &&
         child->state->es_epq_active == nullptr &&
         !contain_volatile_functions(reinterpret_cast<Node *>(child->plan->qual)) &&
         !contain_volatile_functions(reinterpret_cast<Node *>(child->plan->targetlist));
}

// The second source reads only what tells whether rows arrive in order: the inputs added so far.
void AddOrderSource(WindowScan *scan) {
  if (!scan->looks_back || !IsRepeatable(scan->input.child)) return;
  scan->order_source =
      MakeHeapSource(&scan->input, reinterpret_cast<SeqScanState *>(scan->input.child));
}

void AddSource(WindowScan *scan) {
  AggregateScan *input = &scan->input;
  if (IsRepeatable(input->child)) {
    scan->source = MakeHeapSource(input, reinterpret_cast<SeqScanState *>(input->child));
  }
  if (scan->source == nullptr) scan->source = MakeSlotSource(input, input->child);
  input->sources = &scan->source;
  input->source_count = 1;
}

core::RowLayout *FinishKeys(WindowScan *scan, int extra_bytes) {
  auto *layout = static_cast<core::RowLayout *>(palloc(sizeof(core::RowLayout)));
  *layout = scan->plan->keys;
  layout->extra_bytes = extra_bytes;
  const bool nullable[core::kMaxColumns] = {};
  core::FinishLayout(*layout, scan->plan->kinds, nullable);
  return layout;
}

void FindStockNodes(WindowScan *scan, const CustomScan *plan) {
  scan->top = linitial_node(WindowAgg, plan->custom_plans);
  scan->lowest = scan->top;
  const int windows = intVal(list_nth(plan->custom_private, kPrivateWindows));
  for (int i = 1; i < windows; ++i) scan->lowest = castNode(WindowAgg, outerPlan(scan->lowest));
}

}  // namespace

void SetUpWindowScan(WindowScan *scan, EState *estate, int eflags) {
  AggregateScan *input = &scan->input;
  auto *plan = reinterpret_cast<CustomScan *>(input->css.ss.ps.plan);
  FindStockNodes(scan, plan);
  Plan *child = outerPlan(scan->lowest);
  if (intVal(list_nth(plan->custom_private, kPrivateHasSort)) != 0) child = outerPlan(child);
  const int child_flags = eflags & ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
  input->child = ExecInitNode(child, estate, child_flags);
  input->css.custom_ps = list_make1(input->child);
  if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
  MemoryContext parent = estate->es_query_cxt;
  input->batch_context = AllocSetContextCreate(parent, "weir batch", ALLOCSET_DEFAULT_SIZES);
  input->scan_context = AllocSetContextCreate(parent, "weir scan", ALLOCSET_SMALL_SIZES);
  scan->run_context = AllocSetContextCreate(parent, "weir windows", ALLOCSET_DEFAULT_SIZES);
  scan->plan = static_cast<core::WindowPlan *>(palloc(sizeof(core::WindowPlan)));
  *scan->plan = core::WindowPlan{};
  scan->streamed_plan = static_cast<core::WindowPlan *>(palloc(sizeof(core::WindowPlan)));
  scan->looks_back = intVal(list_nth(plan->custom_private, kPrivateLooksBack)) != 0;
  AddKeys(scan);
  AddOrder(scan, static_cast<List *>(list_nth(plan->custom_private, kPrivateOrder)));
  AddOrderSource(scan);
  AddOutputs(scan);
  AddSource(scan);
  for (int i = 0; i < input->input_count; ++i) {
    scan->plan->kinds[i] = KindOf(input->inputs[i].encoding);
  }
  scan->store_layout = FinishKeys(scan, core::PartitionStore::kExtraBytes);
  scan->check_layout = FinishKeys(scan, core::OrderCheck::ExtraBytes(*scan->plan));
  scan->plan->keys = *FinishKeys(scan, sizeof(void *));
}

}  // namespace weir::stream
