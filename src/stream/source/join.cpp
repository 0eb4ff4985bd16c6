#include "stream/source/join.hpp"

#include "pg/expression_walk.hpp"
#include "stream/column/outer_reference.hpp"
#include "stream/column/vector_compile.hpp"
#include "stream/node/scan_state.hpp"
#include "stream/source/heap_source.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace weir::stream {
namespace {

// Equal where the words are.
bool IsWordEquality(Oid function) {
  switch (function) {
    case F_INT2EQ:
    case F_INT4EQ:
    case F_INT8EQ:
    case F_INT24EQ:
    case F_INT42EQ:
    case F_INT28EQ:
    case F_INT82EQ:
    case F_INT48EQ:
    case F_INT84EQ:
    case F_DATE_EQ:
    case F_TIME_EQ:
    case F_TIMESTAMP_EQ:
    case F_TIMESTAMPTZ_EQ:
    case F_OIDEQ:
      return true;
    default:
      return false;
  }
}

bool RefersToInner(Node *node, void *context) {
  if (node == nullptr) return false;
  if (IsA(node, Var)) return castNode(Var, node)->varno == INNER_VAR;
  return pg::WalkExpression(node, RefersToInner, context);
}

bool IsVolatile(const Plan *plan) {
  return contain_volatile_functions(reinterpret_cast<Node *>(plan->qual)) ||
         contain_volatile_functions(reinterpret_cast<Node *>(plan->targetlist));
}

const Var *PlainVar(Expr *expression) {
  expression = StripRelabel(expression);
  return IsA(expression, Var) ? castNode(Var, expression) : nullptr;
}

// The inner table is read before it is known whether that was worth it, so reading it twice must be
// the same as reading it once.
bool IsJoinable(const PlanState *state) {
  const auto *plan = reinterpret_cast<const HashJoin *>(state->plan);
  if (plan->join.jointype != JOIN_INNER || plan->join.joinqual != NIL ||
      plan->join.plan.qual != NIL || plan->join.plan.parallel_aware ||
      list_length(plan->hashclauses) != 1) {
    return false;
  }
  const PlanState *inner = outerPlanState(innerPlanState(state));
  if (!IsA(inner, SeqScanState) || inner->plan->parallel_aware || IsVolatile(inner->plan)) {
    return false;
  }
  const auto *clause = static_cast<const OpExpr *>(linitial(plan->hashclauses));
  return IsA(clause, OpExpr) && IsWordEquality(get_opcode(clause->opno));
}

// The joins above a scan, the topmost first; its rows pass them the other way round.
struct Chain {
  int count;
  HashJoinState *joins[kMaxJoins];
  SeqScanState *scan;
};

bool FindChain(PlanState *state, Chain *chain) {
  chain->count = 0;
  while (IsA(state, HashJoinState)) {
    if (chain->count == kMaxJoins || !IsJoinable(state)) return false;
    chain->joins[chain->count++] = reinterpret_cast<HashJoinState *>(state);
    state = outerPlanState(state);
  }
  if (!IsA(state, SeqScanState) || state->state->es_epq_active != nullptr) return false;
  chain->scan = reinterpret_cast<SeqScanState *>(state);
  return IsHeap(chain->scan) && !IsVolatile(state->plan);
}

// What the output of join `level` is in terms of the scan's output, or of one column of an inner
// table, whose join is then in `from`. Null for what needs both.
Expr *Descend(const Chain *chain, int level, Expr *expression, int *from) {
  *from = -1;
  for (; level < chain->count; ++level) {
    expression = ResolveOuter(expression, chain->joins[level]->js.ps.plan->targetlist);
    const Var *var = PlainVar(expression);
    if (var != nullptr && var->varno == INNER_VAR) {
      *from = level;
      return expression;
    }
    Node *node = reinterpret_cast<Node *>(expression);
    if (RefersToInner(node, nullptr) || contain_volatile_functions(node)) return nullptr;
  }
  return expression;
}

bool AddKey(Source *source, const Chain *chain, int level, TableJoin *join) {
  const auto *plan = reinterpret_cast<const HashJoin *>(join->state->js.ps.plan);
  const auto *hash = reinterpret_cast<const Hash *>(join->hash->ps.plan);
  const Var *inner = PlainVar(static_cast<Expr *>(linitial(hash->hashkeys)));
  int from;
  auto *outer = static_cast<Expr *>(linitial(plan->hashkeys));
  Expr *key = Descend(chain, level + 1, outer, &from);
  if (inner == nullptr || key == nullptr || from >= 0) return false;
  key = ResolveOuter(key, source->child->plan->targetlist);
  const Var *column = PlainVar(key);
  if (column == nullptr) return false;
  const Encoding encoding = PhysicalEncoding(column->vartype);
  join->inner_key = inner->varattno;
  join->inner_encoding = PhysicalEncoding(inner->vartype);
  if (encoding == Encoding::kNone || join->inner_encoding == Encoding::kNone) return false;
  join->key_column = CompileVector(source->qual_set, key, encoding, -1);
  return join->key_column >= 0;
}

void AddInnerColumn(TableJoin *join, int column, const Var *var, Encoding encoding) {
  JoinColumn *added = &join->columns[join->column_count++];
  *added = {column, var->varattno, encoding, get_typlen(var->vartype), {}};
}

TableJoin *MakeJoins(const Chain *chain) {
  auto *joins =
      static_cast<TableJoin *>(palloc0(sizeof(TableJoin) * static_cast<Size>(chain->count)));
  for (int i = 0; i < chain->count; ++i) {
    joins[i].state = chain->joins[i];
    joins[i].hash = reinterpret_cast<HashState *>(innerPlanState(&chain->joins[i]->js.ps));
  }
  return joins;
}

}  // namespace

Source *MakeJoinSource(AggregateScan *scan, HashJoinState *child) {
  Chain chain;
  if (!FindChain(&child->js.ps, &chain)) return nullptr;
  TableJoin *joins = MakeJoins(&chain);
  Expr *expressions[core::kMaxColumns];
  for (int i = 0; i < scan->input_count; ++i) {
    int from;
    Expr *expression = Descend(&chain, 0, scan->inputs[i].expression, &from);
    if (expression == nullptr) return nullptr;
    expressions[i] = from < 0 ? expression : nullptr;
    if (from >= 0) AddInnerColumn(&joins[from], i, PlainVar(expression), scan->inputs[i].encoding);
  }
  Source *source = MakePageSource(scan, chain.scan, expressions);
  // Rows that the server's evaluator would remove may not reach the join first.
  if (source == nullptr || source->row_qual != nullptr) return nullptr;
  for (int i = 0; i < chain.count; ++i) {
    if (!AddKey(source, &chain, i, &joins[i])) return nullptr;
  }
  source->qual_program = MakeDecodeProgram(RelationGetDescr(source->relation), source->qual_set);
  if (source->qual_program == nullptr) return nullptr;
  source->joins = joins;
  source->join_count = chain.count;
  source->needs_rows = true;
  source->instead = MakeSlotSource(scan, &child->js.ps);
  return source;
}

}  // namespace weir::stream
