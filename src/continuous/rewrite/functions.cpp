// Which functions a continuous query may call.
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/sources.hpp"

#include "pg/compat.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {
namespace {

// Stable by declaration because months follow the session's time zone; windows of a fixed width do
// not.
bool IsFixedWindow(const FuncExpr *call) {
  if (!IsOursNamed(call->funcid, "tumble")) return false;
  auto *width = static_cast<Node *>(lsecond(call->args));
  if (!IsA(width, Const) || castNode(Const, width)->constisnull) return false;
  if (castNode(Const, width)->consttype != INTERVALOID) return true;
  return DatumGetIntervalP(castNode(Const, width)->constvalue)->month == 0;
}

// The zone is an argument, so the session's is not asked.
bool IsZonedTruncation(const FuncExpr *call) {
  return call->funcid == F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT;
}

bool IsChangeable(Oid function, void *) { return func_volatile(function) != PROVOLATILE_IMMUTABLE; }

void RefuseFunction(Node *node, const char *text) {
  Refuse(text, {exprLocation(node), "a function whose result depends on the time or the session",
                "Name a time zone, as in ts AT TIME ZONE 'UTC', and move conditions on the current "
                "time to the query that reads the result."});
}

bool CheckChangeable(Node *node, const char *text) {
  if (node == nullptr) return false;
  if (IsA(node, FuncExpr)) {
    auto *call = reinterpret_cast<FuncExpr *>(node);
    if (IsFixedWindow(call) || IsZonedTruncation(call)) {
      return pg::WalkExpression(node, CheckChangeable, text);
    }
  }
  const bool is_session_value = IsA(node, SQLValueFunction) || IsA(node, NextValueExpr);
  if (is_session_value || check_functions_in_node(node, IsChangeable, nullptr)) {
    RefuseFunction(node, text);
  }
  return pg::WalkExpression(node, CheckChangeable, text);
}

void RequireSuperuserOwner(Oid owner, const char *kind, const char *name) {
  if (superuser_arg(owner)) return;
  ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
          errmsg("a superuser's continuous query may use only what superusers own"),
          errdetail("Role %s, who owns %s %s, could make it run code as a superuser.",
                    quote_identifier(GetUserNameFromId(owner, false)), kind, name),
          errhint("Create the query as that role: SET ROLE %s.",
                  quote_identifier(GetUserNameFromId(owner, false))));
}

Oid OwnerOfFunction(Oid function) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return BOOTSTRAP_SUPERUSERID;
  const Oid owner = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proowner;
  ReleaseSysCache(tuple);
  return owner;
}

Oid OwnerOfType(Oid type) {
  HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
  if (!HeapTupleIsValid(tuple)) return BOOTSTRAP_SUPERUSERID;
  const Oid owner = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple))->typowner;
  ReleaseSysCache(tuple);
  return owner;
}

Oid OwnerOfRelation(Oid relation) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return BOOTSTRAP_SUPERUSERID;
  const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  return owner;
}

bool CheckFunctionOwner(Oid function, void *) {
  if (function >= FirstNormalObjectId) {
    RequireSuperuserOwner(OwnerOfFunction(function), "function", format_procedure(function));
  }
  return false;
}

struct NoContext {};

bool CheckOwners(Node *node, NoContext *context) {
  if (node == nullptr) return false;
  check_functions_in_node(node, CheckFunctionOwner, nullptr);
  switch (nodeTag(node)) {
    case T_Var:
    case T_Const:
    case T_FuncExpr:
    case T_OpExpr:
    case T_Aggref:
    case T_CoerceToDomain:
    case T_CoerceViaIO:
    case T_RowExpr:
    case T_ArrayExpr:
    case T_RelabelType: {
      // A domain's conditions run where a value is made.
      const Oid type = exprType(node);
      if (type >= FirstNormalObjectId) {
        RequireSuperuserOwner(OwnerOfType(type), "type", format_type_be(type));
      }
      break;
    }
    default:
      break;
  }
  return pg::WalkExpression(node, CheckOwners, context);
}

}  // namespace

bool IsOursNamed(Oid function, const char *prefix) {
  if (function < FirstGenbkiObjectId) return false;
  const char *name = get_func_name(function);
  if (name == nullptr || strncmp(name, prefix, strlen(prefix)) != 0) return false;
  const char *schema = get_namespace_name(get_func_namespace(function));
  return schema != nullptr && strcmp(schema, "weir") == 0;
}

void RequireImmutable(Query *query, const char *text) {
  CheckChangeable(reinterpret_cast<Node *>(query->targetList), text);
  CheckChangeable(reinterpret_cast<Node *>(query->jointree), text);
  CheckChangeable(query->havingQual, text);
  CheckChangeable(reinterpret_cast<Node *>(query->windowClause), text);
}

void RequireSuperuserObjects(Query *query) {
  ListCell *cell;
  foreach (cell, TablesOf(query)) {
    const Oid table = lfirst_node(RangeTblEntry, cell)->relid;
    if (table < FirstNormalObjectId) continue;
    RequireSuperuserOwner(OwnerOfRelation(table), "table", quote_identifier(get_rel_name(table)));
  }
  NoContext none;
  CheckOwners(reinterpret_cast<Node *>(query->targetList), &none);
  CheckOwners(reinterpret_cast<Node *>(query->jointree), &none);
  CheckOwners(query->havingQual, &none);
  CheckOwners(reinterpret_cast<Node *>(query->windowClause), &none);
}

}  // namespace weir::continuous
