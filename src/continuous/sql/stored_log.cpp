#include "continuous/sql/stored_log.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/sources.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "storage/lmgr.h"
}

namespace weir::continuous {
namespace {

constexpr char kHint[] =
    "Write FROM weir.changes('name'); conditions on position and time go into WHERE.";

const FuncExpr *CallOf(const RangeTblEntry *stream) {
  if (stream->rtekind != RTE_FUNCTION || list_length(stream->functions) != 1) return nullptr;
  Node *call = linitial_node(RangeTblFunction, stream->functions)->funcexpr;
  if (call == nullptr || !IsA(call, FuncExpr)) return nullptr;
  const auto *function = reinterpret_cast<FuncExpr *>(call);
  return IsOurs(function->funcid, "changes") ? function : nullptr;
}

const Node *ValueOf(const Node *argument, int *number) {
  if (!IsA(argument, NamedArgExpr)) return argument;
  const auto *named = reinterpret_cast<const NamedArgExpr *>(argument);
  *number = named->argnumber;
  return reinterpret_cast<const Node *>(named->arg);
}

}  // namespace

bool ReadsChanges(const Definition &definition) {
  return CallOf(SourceOf(definition.query)) != nullptr;
}

Oid ResultFollowed(const Definition &definition) {
  const RangeTblEntry *stream = SourceOf(definition.query);
  const FuncExpr *call = CallOf(stream);
  const int location = LocationOfFirstTable(definition.written);
  if (stream->funcordinality) {
    Refuse(definition.text, {location, "WITH ORDINALITY", "Use the column position."});
  }
  if (list_length(call->args) != 1) {
    Refuse(definition.text, {location, "weir.changes() with more than a name", kHint});
  }
  int number = 0;
  const Node *value = ValueOf(static_cast<Node *>(linitial(call->args)), &number);
  const bool is_name = number == 0 && IsA(value, Const) &&
                       reinterpret_cast<const Const *>(value)->consttype == REGCLASSOID &&
                       !reinterpret_cast<const Const *>(value)->constisnull;
  if (!is_name) {
    Refuse(definition.text, {location, "weir.changes() of anything but a name", kHint});
  }
  return DatumGetObjectId(reinterpret_cast<const Const *>(value)->constvalue);
}

void ReadStoredLog(const Definition &definition, Oid table) {
  RangeTblEntry *stream = SourceOf(definition.query);
  LockRelationOid(table, AccessShareLock);
  stream->rtekind = RTE_RELATION;
  stream->relid = table;
  stream->relkind = RELKIND_RELATION;
  stream->rellockmode = AccessShareLock;
  stream->inh = true;
  stream->lateral = false;
  stream->functions = NIL;
  stream->alias = static_cast<Alias *>(copyObjectImpl(stream->eref));
}

}  // namespace weir::continuous
