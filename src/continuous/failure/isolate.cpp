#include "continuous/failure/isolate.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/delta/row_range.hpp"
#include "continuous/delta/tick_state.hpp"
#include "continuous/failure/attempt.hpp"
#include "continuous/failure/dead_letters.hpp"
#include "continuous/rewrite/objects.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

// More of them in one step are no exceptions: the query itself is at fault.
constexpr int kMostBadRows = 10'000;

struct Isolation {
  KeptQuery *query;
  uint64 (*run)(KeptQuery *);
  Oid source;
  List *tables;  // with rows of their own
  int bad_rows;
  uint64 groups;
};

List *TablesOf(Oid source) {
  List *tables = NIL;
  ListCell *cell;
  foreach (cell, find_all_inheritors(source, AccessShareLock, nullptr)) {
    if (get_rel_relkind(lfirst_oid(cell)) != RELKIND_RELATION) continue;
    tables = lappend_oid(tables, lfirst_oid(cell));
  }
  return tables;
}

void RunStep(void *argument) {
  auto *work = static_cast<Isolation *>(argument);
  work->groups += work->run(work->query);
}

// The counts of what is undone are undone too.
ErrorData *TryRange(Isolation *work, const RowRange &range) {
  Tick *tick = OpenTickOf(work->query->row.id);
  const int64 rows_found = tick->rows_found;
  const int64 rows_again = tick->rows_again;
  LimitTick(work->query->row.id, work->tables, &range);
  ErrorData *error = Attempt(RunStep, work);
  if (error != nullptr) {
    tick->rows_found = rows_found;
    tick->rows_again = rows_again;
  }
  return error;
}

// The row that the tick is limited to, with the rights of the owner.
Datum ReadRow(const Isolation &work) {
  MemoryContext caller = CurrentMemoryContext;
  RightsBefore before{};
  GetUserIdAndSecContext(&before.user, &before.security_context);
  SetUserIdAndSecContext(before.user, before.security_context | SECURITY_RESTRICTED_OPERATION);
  before.setting_level = PinSearchPath();
  PushActiveSnapshot(GetTransactionSnapshot());
  SPI_connect();
  pg::Execute(psprintf("SELECT pg_catalog.to_jsonb(s) FROM %s s WHERE weir.delta(s.tableoid, %d)",
                       QualifiedRelation(work.source), work.query->row.id),
              SPI_OK_SELECT);
  if (SPI_processed != 1) elog(ERROR, "a row that failed is not there");
  bool is_null;
  const Datum found = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
  MemoryContext of_spi = MemoryContextSwitchTo(caller);
  const Datum row = datumCopy(found, false, -1);
  MemoryContextSwitchTo(of_spi);
  SPI_finish();
  PopActiveSnapshot();
  GiveRightsBack(before);
  return row;
}

void PutAside(Isolation *work, ErrorData *error) {
  if (++work->bad_rows > kMostBadRows) ReThrowError(error);
  const int32 query_id = work->query->row.id;
  if (work->query->row.on_error == OnError::kDeadLetter) {
    const Datum row = ReadRow(*work);
    PushActiveSnapshot(GetTransactionSnapshot());
    AddDeadLetter(query_id, row, error);
  } else {
    PushActiveSnapshot(GetTransactionSnapshot());
    CountSkipped(query_id);
  }
  PopActiveSnapshot();
  CommandCounterIncrement();
}

// Returns whether all rows landed. A range that is known to hold bad rows is not tried as a whole:
// when the first half has landed, they are in the second.
bool Isolate(Isolation *work, const RowRange &range, bool is_bad) {
  CHECK_FOR_INTERRUPTS();
  if (!is_bad || IsOneRow(range)) {
    ErrorData *error = TryRange(work, range);
    if (error == nullptr) return true;
    if (IsOneRow(range)) PutAside(work, error);
    FreeErrorData(error);
    if (IsOneRow(range)) return false;
  }
  RowRange first;
  RowRange second;
  Halve(range, &first, &second);
  const bool has_landed = Isolate(work, first, false);
  Isolate(work, second, has_landed);
  return false;
}

}  // namespace

uint64 IsolateRows(KeptQuery *query, uint64 (*run)(KeptQuery *)) {
  const Oid source = SourceOfQuery(query->row.id);
  Isolation work{query, run, source, TablesOf(source), 0, 0};
  Isolate(&work, WholeRange(work.tables), true);
  LimitTick(query->row.id, NIL, nullptr);
  if (work.bad_rows == 0) return work.groups;
  ereport(LOG,
          errmsg("continuous query %d has left out %d rows that it fails on", query->row.id,
                 work.bad_rows),
          errhint(query->row.on_error == OnError::kDeadLetter
                      ? "SELECT * FROM weir.dead_letters shows them."
                      : "The column skipped of weir.queries counts them."));
  return work.groups;
}

}  // namespace weir::continuous
