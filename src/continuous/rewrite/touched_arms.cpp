#include "continuous/rewrite/touched_arms.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/touch_keys.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"
}

namespace weir::continuous {
namespace {

Node *CallOf(const char *function, int32 query_id, List *keys) {
  Const *id =
      makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(query_id), false, true);
  return reinterpret_cast<Node *>(makeFuncExpr(OurFunction(function), BOOLOID,
                                               lcons(id, static_cast<List *>(copyObjectImpl(keys))),
                                               InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
}

// Whether a row's group is touched.
Node *Touched(List *keys, int32 query_id) {
  return CallOf(keys == NIL ? "touched_all" : "touched", query_id, keys);
}

Node *Not(Node *node) {
  return reinterpret_cast<Node *>(makeBoolExpr(NOT_EXPR, list_make1(node), -1));
}

List *KeyNames(const Rewrite *rewrite) {
  return list_copy_head(rewrite->columns, list_length(TouchKeysOf(rewrite->definition)));
}

char *LogName(int32 query_id) { return psprintf("weir_state.%s", StateName(query_id, "_gone")); }

// (key, ...) IN (SELECT key, ... FROM the touched groups): a join that an index on the keys helps.
Node *InLog(const Rewrite *rewrite, List *keys, int32 query_id) {
  const char *sql = psprintf("SELECT %s FROM %s", ColumnList(KeyNames(rewrite)), LogName(query_id));
  RawStmt *raw = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
  SubLink *link = makeNode(SubLink);
  link->subLinkType = ANY_SUBLINK;
  link->operName = list_make1(makeString(pstrdup("=")));
  link->subselect =
      reinterpret_cast<Node *>(parse_analyze_fixedparams(raw, sql, nullptr, 0, nullptr));
  link->location = -1;
  List *comparisons = NIL;
  ListCell *cell;
  foreach (cell, keys) {
    auto *key = static_cast<Expr *>(copyObjectImpl(lfirst(cell)));
    auto *node = reinterpret_cast<Node *>(key);
    Param *parameter = makeNode(Param);
    parameter->paramkind = PARAM_SUBLINK;
    parameter->paramid = foreach_current_index(cell) + 1;
    parameter->paramtype = exprType(node);
    parameter->paramtypmod = exprTypmod(node);
    parameter->paramcollid = exprCollation(node);
    parameter->location = -1;
    const Oid equal = lookup_type_cache(exprType(node), TYPECACHE_EQ_OPR)->eq_opr;
    comparisons = lappend(
        comparisons, make_opclause(equal, BOOLOID, false, key, reinterpret_cast<Expr *>(parameter),
                                   InvalidOid, exprCollation(node)));
  }
  link->testexpr = list_length(comparisons) == 1
                       ? static_cast<Node *>(linitial(comparisons))
                       : reinterpret_cast<Node *>(makeBoolExpr(AND_EXPR, comparisons, -1));
  return reinterpret_cast<Node *>(link);
}

Node *HasNullKey(List *keys) {
  List *tests = NIL;
  ListCell *cell;
  foreach (cell, keys) {
    NullTest *test = makeNode(NullTest);
    test->arg = static_cast<Expr *>(copyObjectImpl(lfirst(cell)));
    test->nulltesttype = IS_NULL;
    test->argisrow = false;
    test->location = -1;
    tests = lappend(tests, test);
  }
  return reinterpret_cast<Node *>(make_orclause(tests));
}

char *PartialsWhere(const Rewrite *rewrite, List *conditions) {
  Query *query = PartialQuery(rewrite);
  ListCell *cell;
  foreach (cell, conditions) {
    AddCondition(query, static_cast<Node *>(lfirst(cell)));
    query->hasSubLinks |= IsA(lfirst(cell), SubLink);
  }
  return pg_get_querydef(query, false);
}

}  // namespace

void AddUntouched(Query *query, const Rewrite *rewrite, int32 query_id) {
  List *keys = TouchKeysOf(rewrite->definition);
  if (keys != NIL) AddCondition(query, Not(Touched(keys, query_id)));
  // Decided before any row is looked at: a key may fail for a row that is gone.
  AddCondition(query, Not(CallOf("touched_all", query_id, NIL)));
}

char *UntouchedState(const Rewrite *rewrite, int32 query_id) {
  List *names = KeyNames(rewrite);
  const char *all = psprintf(" WHERE NOT weir.touched_all(%d)", query_id);
  if (names == NIL) return pstrdup(all);
  return psprintf("%s AND NOT weir.touched(%d, %s)", all, query_id, ColumnList(names));
}

// Equality does not find NULL, and everything is no list of groups: both are left to a second part,
// which is not even looked at otherwise.
char *TouchedArms(const Rewrite *rewrite, int32 query_id) {
  List *keys = TouchKeysOf(rewrite->definition);
  if (keys == NIL) {
    return PartialsWhere(rewrite, list_make1(CallOf("touched_all", query_id, NIL)));
  }
  char *listed = PartialsWhere(rewrite, list_make2(Not(CallOf("touched_all", query_id, NIL)),
                                                   InLog(rewrite, keys, query_id)));
  Node *rest = reinterpret_cast<Node *>(
      make_orclause(list_make2(CallOf("touched_all", query_id, NIL), HasNullKey(keys))));
  char *others = PartialsWhere(
      rewrite, list_make3(CallOf("touched_rest", query_id, NIL), rest, Touched(keys, query_id)));
  return psprintf("%s UNION ALL %s", listed, others);
}

char *LogColumnsOf(const Rewrite *rewrite, int32 query_id) {
  List *names = KeyNames(rewrite);
  return psprintf("SELECT %s%sfalse AS everything FROM weir_state.%s", ColumnList(names),
                  names == NIL ? "" : ", ", StateName(query_id, "_all"));
}

}  // namespace weir::continuous
