#include "continuous/failure/single_row.hpp"

#include "continuous/changes/streams.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/objects.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/params.h"
#include "parser/parser.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

// A relation, and the SELECT that stands in for it.
struct Replacement {
  Oid relation;
  Node *by;
  int count;
};

Node *ParseOne(const char *sql) {
  return linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT))->stmt;
}

void ReplaceInSelect(Node *statement, Replacement *replacement);

Node *StandIn(const RangeVar *range, Replacement *replacement) {
  RangeSubselect *subselect = makeNode(RangeSubselect);
  subselect->subquery = static_cast<Node *>(copyObjectImpl(replacement->by));
  subselect->alias = range->alias != nullptr ? range->alias : makeAlias(range->relname, NIL);
  replacement->count++;
  return reinterpret_cast<Node *>(subselect);
}

Node *ReplaceInFrom(Node *item, Replacement *replacement) {
  if (IsA(item, RangeVar)) {
    const auto *range = reinterpret_cast<RangeVar *>(item);
    const Oid relation = RangeVarGetRelid(range, NoLock, true);
    return relation == replacement->relation ? StandIn(range, replacement) : item;
  }
  if (IsA(item, JoinExpr)) {
    auto *join = reinterpret_cast<JoinExpr *>(item);
    join->larg = ReplaceInFrom(join->larg, replacement);
    join->rarg = ReplaceInFrom(join->rarg, replacement);
  }
  if (IsA(item, RangeSubselect)) {
    ReplaceInSelect(reinterpret_cast<RangeSubselect *>(item)->subquery, replacement);
  }
  return item;
}

void ReplaceInSelect(Node *statement, Replacement *replacement) {
  if (statement == nullptr || !IsA(statement, SelectStmt)) return;
  auto *select = reinterpret_cast<SelectStmt *>(statement);
  ListCell *cell;
  foreach (cell, select->fromClause) {
    lfirst(cell) = ReplaceInFrom(static_cast<Node *>(lfirst(cell)), replacement);
  }
  ReplaceInSelect(reinterpret_cast<Node *>(select->larg), replacement);
  ReplaceInSelect(reinterpret_cast<Node *>(select->rarg), replacement);
}

void Replace(Node *select, Oid relation, Node *by) {
  Replacement replacement{relation, by, 0};
  ReplaceInSelect(select, &replacement);
  if (replacement.count != 1) elog(ERROR, "a relation stands %d times", replacement.count);
}

// SELECT of the partial results of all rows, as text of the server's.
char *PartialsOfAll(int32 query_id) {
  const Datum view = ObjectIdGetDatum(StateRelation(query_id, "_all"));
  return TextDatumGetCString(DirectFunctionCall1(pg_get_viewdef, view));
}

// Names in the text are qualified: search_path is pinned.
RawStmt *StatementForOneRow(const QueryRow &query, const char *sql) {
  const Oid source = SourceOfQuery(query.id);
  Node *row = ParseOne(psprintf("SELECT r.* FROM pg_catalog.jsonb_populate_record(NULL::%s, $1) r",
                                QualifiedRelation(source)));
  Node *partials = ParseOne(PartialsOfAll(query.id));
  Replace(partials, source, row);
  RawStmt *statement = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
  Replace(castNode(InsertStmt, statement->stmt)->selectStmt, StateRelation(query.id, "_new"),
          partials);
  return statement;
}

ParamListInfo ParameterOf(Datum row) {
  ParamListInfo parameters = makeParamList(1);
  parameters->params[0].value = row;
  parameters->params[0].isnull = false;
  parameters->params[0].pflags = PARAM_FLAG_CONST;
  parameters->params[0].ptype = JSONBOID;
  return parameters;
}

}  // namespace

PlannedStmt *PlanForOneRow(const QueryRow &query) {
  Oid types[] = {JSONBOID};
  const Stream *stream = FindStream(query.id);
  const bool has_time = stream != nullptr && stream->merging != nullptr;
  const char *sql = has_time ? stream->merging : query.statement;
  PushActiveSnapshot(GetTransactionSnapshot());
  List *queries =
      pg_analyze_and_rewrite_fixedparams(StatementForOneRow(query, sql), sql, types, 1, nullptr);
  PlannedStmt *plan = pg_plan_query(linitial_node(Query, queries), sql, 0, nullptr);
  PopActiveSnapshot();
  return plan;
}

void RunForRow(PlannedStmt *plan, Datum row) {
  PushActiveSnapshot(GetTransactionSnapshot());
  UpdateActiveSnapshotCommandId();
  QueryDesc *query =
      CreateQueryDesc(static_cast<PlannedStmt *>(copyObjectImpl(plan)), "", GetActiveSnapshot(),
                      InvalidSnapshot, None_Receiver, ParameterOf(row), nullptr, 0);
  ExecutorStart(query, 0);
  pg::RunToEnd(query);
  ExecutorFinish(query);
  ExecutorEnd(query);
  FreeQueryDesc(query);
  PopActiveSnapshot();
  CommandCounterIncrement();
}

}  // namespace weir::continuous
