#include "stream/emit/inner_query.hpp"

extern "C" {
#include "executor/executor.h"
#include "funcapi.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
}

namespace weir::stream {
namespace {

// Positions count in the inner text, which is not what the client sent.
void AddContext(void *text) {
  const int position = geterrposition();
  if (position > 0) {
    errposition(0);
    internalerrposition(position);
    internalerrquery(static_cast<const char *>(text));
  } else {
    errcontext("streaming query \"%s\"", static_cast<const char *>(text));
  }
}

[[noreturn]] void Refuse(const char *what) {
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("%s cannot be streamed", what),
          errdetail("A streaming query is one SELECT that changes nothing."));
  pg_unreachable();
}

RawStmt *ParseOne(const char *sql) {
  List *statements = pg_parse_query(sql);
  if (list_length(statements) != 1) {
    ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
            statements == NIL ? errmsg("the streaming query is empty")
                              : errmsg("a streaming query is one statement, not several"));
  }
  auto *statement = linitial_node(RawStmt, statements);
  if (!IsA(statement->stmt, SelectStmt)) Refuse(CreateCommandName(statement->stmt));
  if (castNode(SelectStmt, statement->stmt)->intoClause != nullptr) Refuse("SELECT INTO");
  return statement;
}

Query *Analyze(const char *sql) {
  List *queries = pg_analyze_and_rewrite_fixedparams(ParseOne(sql), sql, nullptr, 0, nullptr);
  if (list_length(queries) != 1) Refuse("a query with rules");
  Query *query = linitial_node(Query, queries);
  if (query->commandType != CMD_SELECT || query->utilityStmt != nullptr) Refuse("this statement");
  if (query->hasModifyingCTE) Refuse("a data-modifying WITH clause");
  if (query->rowMarks != NIL) Refuse("SELECT FOR UPDATE/SHARE");
  return query;
}

// The planner asks for the emitting node only where the query aggregates. Rows of a plain query are
// changes as they are.
void CheckTaken(const EmitRequest &request, const Query *query) {
  const bool aggregates = query->hasAggs || query->groupClause != NIL;
  if (request.mode == EmitMode::kNone || request.is_taken) return;
  if (request.mode == EmitMode::kChanges && !aggregates && !query->hasWindowFuncs &&
      query->distinctClause == NIL && query->setOperations == nullptr) {
    return;
  }
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("cannot emit the %s of this query",
                 request.mode == EmitMode::kChanges ? "changes" : "final rows"),
          errdetail("It has no GROUP BY and no aggregate at its top level."));
}

PlannedStmt *Prepare(const QueryArguments &arguments, char *sql, InnerQuery *inner) {
  ErrorContextCallback context{error_context_stack, AddContext, pstrdup(sql)};
  error_context_stack = &context;
  EmitRequest request;
  ReadRequest(arguments, pg::CutEmitClause(sql), &request);
  inner->mode = request.mode;
  Query *query = Analyze(sql);
  const Query *original = static_cast<Query *>(copyObjectImpl(query));
  PlannedStmt *plan = PlanRequest(&request, query, sql);
  CheckTaken(request, original);
  // It is a part of the statement that the client sent, and has that one's identity.
  plan->queryId = 0;
  error_context_stack = context.previous;
  return plan;
}

void Start(InnerQuery *inner, PlannedStmt *plan, const char *sql, const InnerOptions &options) {
  inner->running = CreateQueryDesc(plan, sql, options.snapshot, InvalidSnapshot, None_Receiver,
                                   nullptr, nullptr, options.instrument);
  // The hooks of others count statements, and this is a part of one.
  standard_ExecutorStart(inner->running, options.flags);
  const JunkFilter *filter = inner->running->estate->es_junkFilter;
  inner->row =
      BlessTupleDesc(filter != nullptr ? filter->jf_cleanTupType : inner->running->tupDesc);
}

}  // namespace

InnerQuery *OpenInner(const QueryArguments &arguments, const InnerOptions &options) {
  if (arguments.is_null[0]) {
    ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
            errmsg("the streaming query must not be null"));
  }
  MemoryContext context =
      AllocSetContextCreate(options.parent, "weir streaming query", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  auto *inner = static_cast<InnerQuery *>(palloc0(sizeof(InnerQuery)));
  inner->context = context;
  char *sql = TextDatumGetCString(arguments.value[0]);
  PlannedStmt *plan = Prepare(arguments, sql, inner);
  Start(inner, plan, sql, options);
  MemoryContextSwitchTo(old);
  return inner;
}

TupleTableSlot *NextInner(InnerQuery *inner) {
  EState *state = inner->running->estate;
  MemoryContext old = MemoryContextSwitchTo(state->es_query_cxt);
  ResetPerTupleExprContext(state);
  TupleTableSlot *slot = ExecProcNode(inner->running->planstate);
  if (TupIsNull(slot)) {
    slot = nullptr;
  } else if (state->es_junkFilter != nullptr) {
    slot = ExecFilterJunk(state->es_junkFilter, slot);
  }
  MemoryContextSwitchTo(old);
  return slot;
}

void RewindInner(InnerQuery *inner) {
  MemoryContext old = MemoryContextSwitchTo(inner->running->estate->es_query_cxt);
  ExecReScan(inner->running->planstate);
  MemoryContextSwitchTo(old);
}

void CloseInner(InnerQuery *inner) {
  const int flags = inner->running->estate->es_top_eflags;
  if ((flags & EXEC_FLAG_EXPLAIN_ONLY) == 0) standard_ExecutorFinish(inner->running);
  standard_ExecutorEnd(inner->running);
  FreeQueryDesc(inner->running);
  MemoryContextDelete(inner->context);
}

namespace {

// The list that would be right, for the hint.
char *ColumnList(TupleDesc row) {
  StringInfoData list;
  initStringInfo(&list);
  for (int i = 0; i < row->natts; ++i) {
    const FormData_pg_attribute *column = TupleDescAttr(row, i);
    appendStringInfo(&list, "%s%s %s", i == 0 ? "" : ", ",
                     quote_identifier(NameStr(column->attname)),
                     format_type_with_typemod(column->atttypid, column->atttypmod));
  }
  return list.data;
}

bool SameType(const FormData_pg_attribute *declared, const FormData_pg_attribute *given) {
  if (declared->atttypid != given->atttypid) return false;
  return declared->atttypmod < 0 || declared->atttypmod == given->atttypmod;
}

}  // namespace

void CheckColumns(TupleDesc declared, TupleDesc given) {
  if (declared->natts != given->natts) {
    ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
            errmsg("the column definition list does not match the streaming query"),
            errdetail("It has %d columns, the query has %d.", declared->natts, given->natts),
            errhint("Use AS t(%s).", ColumnList(given)));
  }
  for (int i = 0; i < given->natts; ++i) {
    const FormData_pg_attribute *ours = TupleDescAttr(declared, i);
    const FormData_pg_attribute *theirs = TupleDescAttr(given, i);
    if (SameType(ours, theirs)) continue;
    ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
            errmsg("the column definition list does not match the streaming query"),
            errdetail("Column %d is declared as %s; the query gives %s.", i + 1,
                      format_type_with_typemod(ours->atttypid, ours->atttypmod),
                      format_type_with_typemod(theirs->atttypid, theirs->atttypmod)),
            errhint("Use AS t(%s).", ColumnList(given)));
  }
}

}  // namespace weir::stream
