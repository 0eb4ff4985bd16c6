#include "continuous/rewrite/windows.hpp"

#include "continuous/rewrite/definition.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/typcache.h"
}

namespace weir::continuous {
namespace {

constexpr int64 kMostRows = 1'000'000;
constexpr char kFrameHint[] =
    "Write a frame that ends at the row and begins a number of rows before it: OVER (PARTITION BY "
    "... ORDER BY ... ROWS BETWEEN 99 PRECEDING AND CURRENT ROW).";

const WindowClause *ClauseOf(const Query *query, const WindowFunc *call) {
  ListCell *cell;
  foreach (cell, query->windowClause) {
    const auto *clause = lfirst_node(WindowClause, cell);
    if (clause->winref == call->winref) return clause;
  }
  elog(ERROR, "window %u is missing", call->winref);
}

bool ReadCount(Node *node, int64 *count) {
  if (node == nullptr) return false;
  node = eval_const_expressions(nullptr, node);
  if (!IsA(node, Const)) return false;
  const auto *constant = reinterpret_cast<const Const *>(node);
  if (constant->constisnull) return false;
  *count = constant->constlen == sizeof(int32) ? DatumGetInt32(constant->constvalue)
                                               : DatumGetInt64(constant->constvalue);
  return *count >= 0 && *count <= kMostRows;
}

bool IsLag(Oid function) {
  return function == F_LAG_ANYELEMENT || function == F_LAG_ANYELEMENT_INT4 ||
         function == F_LAG_ANYCOMPATIBLE_INT4_ANYCOMPATIBLE;
}

bool ReadsFrame(const WindowFunc *call) {
  return call->winagg || call->winfnoid == F_FIRST_VALUE || call->winfnoid == F_LAST_VALUE ||
         call->winfnoid == F_NTH_VALUE;
}

bool EndsAtRow(const WindowClause *clause) {
  const int options = clause->frameOptions;
  if ((options & FRAMEOPTION_ROWS) == 0) return false;
  if ((options & (FRAMEOPTION_EXCLUDE_GROUP | FRAMEOPTION_EXCLUDE_TIES)) != 0) return false;
  if ((options & FRAMEOPTION_END_CURRENT_ROW) != 0) return true;
  int64 count;
  return (options & FRAMEOPTION_END_OFFSET_PRECEDING) != 0 && ReadCount(clause->endOffset, &count);
}

// How many rows before its own the call reads; raises when that has no bound.
int64 LookbackOf(const Definition &definition, const WindowFunc *call) {
  int64 count = 1;
  if (IsLag(call->winfnoid)) {
    if (list_length(call->args) == 1) return count;
    if (ReadCount(static_cast<Node *>(lsecond(call->args)), &count)) return count;
    Refuse(definition.text, {call->location, "lag() over a variable number of rows",
                             "Write the number of rows as a constant, up to 1000000."});
  }
  if (!ReadsFrame(call)) {
    Refuse(definition.text,
           {call->location, psprintf("window function %s", format_procedure(call->winfnoid)),
            "Use aggregates, lag(), first_value(), last_value() or nth_value(), or apply it in a "
            "query that reads the result."});
  }
  const WindowClause *clause = ClauseOf(definition.query, call);
  if (EndsAtRow(clause)) {
    if ((clause->frameOptions & FRAMEOPTION_START_CURRENT_ROW) != 0) return 0;
    if ((clause->frameOptions & FRAMEOPTION_START_OFFSET_PRECEDING) != 0 &&
        ReadCount(clause->startOffset, &count)) {
      return count;
    }
  }
  Refuse(definition.text, {call->location,
                           "a window whose frame is not a number of rows before "
                           "its own, up to 1000000",
                           kFrameHint});
}

void RequireOneOrder(const Definition &definition, const WindowFunc *call,
                     const WindowClause *first) {
  const WindowClause *clause = ClauseOf(definition.query, call);
  if (clause->orderClause == NIL) {
    Refuse(definition.text, {call->location, "a window without ORDER BY", kFrameHint});
  }
  if (equal(clause->partitionClause, first->partitionClause) &&
      equal(clause->orderClause, first->orderClause)) {
    return;
  }
  Refuse(definition.text, {call->location, "windows that are partitioned or ordered differently",
                           "Create a continuous query for each PARTITION BY and ORDER BY."});
}

struct Calls {
  List *found;
};

bool CollectCalls(Node *node, Calls *calls) {
  if (node == nullptr) return false;
  if (IsA(node, WindowFunc)) calls->found = lappend(calls->found, node);
  return pg::WalkExpression(node, CollectCalls, calls);
}

List *ExpressionsOf(const Query *query, const List *clauses) {
  List *expressions = NIL;
  ListCell *cell;
  foreach (cell, clauses) {
    expressions = lappend(expressions, get_sortgroupclause_expr(lfirst_node(SortGroupClause, cell),
                                                                query->targetList));
  }
  return expressions;
}

void RequireHashable(const Definition &definition, const List *partition) {
  ListCell *cell;
  foreach (cell, partition) {
    auto *key = static_cast<Node *>(lfirst(cell));
    const TypeCacheEntry *type = lookup_type_cache(exprType(key), TYPECACHE_HASH_EXTENDED_PROC);
    if (OidIsValid(type->hash_extended_proc)) continue;
    Refuse(definition.text, {exprLocation(key), "a partition key whose type has no hash function",
                             "Cast the key to text."});
  }
}

List *InputsOf(const Query *query) {
  List *inputs = NIL;
  ListCell *cell;
  foreach (cell,
           pull_var_clause(reinterpret_cast<Node *>(query->targetList), PVC_RECURSE_WINDOWFUNCS)) {
    inputs = list_append_unique(inputs, lfirst(cell));
  }
  return inputs;
}

void RefuseGroups(const Definition &definition, const WindowFunc *call) {
  const Query *query = definition.query;
  if (!query->hasAggs && query->groupClause == NIL && query->havingQual == nullptr) return;
  Refuse(definition.text, {call->location, "window functions over groups",
                           "Apply them in a query that reads the result."});
}

}  // namespace

const WindowRows *FindWindowRows(const Definition &definition) {
  const Query *query = definition.query;
  if (!query->hasWindowFuncs) return nullptr;
  Calls calls{NIL};
  CollectCalls(reinterpret_cast<Node *>(query->targetList), &calls);
  const auto *first_call = linitial_node(WindowFunc, calls.found);
  RefuseGroups(definition, first_call);
  const WindowClause *first = ClauseOf(query, first_call);
  auto *window = static_cast<WindowRows *>(palloc0(sizeof(WindowRows)));
  ListCell *cell;
  foreach (cell, calls.found) {
    const auto *call = lfirst_node(WindowFunc, cell);
    RequireOneOrder(definition, call, first);
    window->lookback = Max(window->lookback, LookbackOf(definition, call));
  }
  window->inputs = InputsOf(query);
  window->partition = ExpressionsOf(query, first->partitionClause);
  window->order = ExpressionsOf(query, first->orderClause);
  window->order_by = first->orderClause;
  RequireHashable(definition, window->partition);
  return window;
}

}  // namespace weir::continuous
