#include "continuous/catalog/catalog.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/frontier/frontier.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

#define WEIR_QUERY_COLUMNS                                                                        \
  "SELECT q.id, q.result::oid, c.relowner, q.statement,"                                          \
  " (EXTRACT(epoch FROM q.tick) * 1000)::bigint, q.on_delete = 'error', q.paused,"                \
  " pg_catalog.array_position('{stop,skip,dead_letter}', q.on_error), e.failures, e.next_retry, " \
  "q.on_delete = 'retract', COALESCE(s.log_id, 0)"                                                \
  " FROM weir.continuous_queries q JOIN pg_catalog.pg_class c ON c.oid = q.result::oid"           \
  " LEFT JOIN weir.query_failures e ON e.query_id = q.id"                                         \
  " LEFT JOIN weir.query_streams s ON s.query_id = q.id"

const char *OnDeleteName(const QueryRow &row) {
  if (row.retracts) return "retract";
  return row.rejects_changes ? "error" : "ignore";
}

constexpr const char *kOnErrorNames[] = {"stop", "skip", "dead_letter"};

// Statements of ours, as the extension.
struct Session {
  RightsBefore before;
  MemoryContext caller;
};

Session Open() {
  const Session session{TakeExtensionRights(), CurrentMemoryContext};
  SPI_connect();
  return session;
}

void Close(const Session &session) {
  SPI_finish();
  GiveRightsBack(session.before);
}

Datum ColumnAt(int row, int column) {
  bool is_null;
  return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null);
}

bool IsRead(const char *name) {
  const Oid table = get_relname_relid(name, get_namespace_oid("weir_state", false));
  int32 reader;
  return OidIsValid(table) && QueriesOf(table, GetActiveSnapshot(), &reader, 1) > 0;
}

bool HasReaders(const QueryRow &row) {
  return IsRead(StateName(row.id, "")) ||
         (row.log_id != 0 && IsRead(StateName(row.log_id, kLogSuffix)));
}

QueryRow *RowAt(int row, MemoryContext context) {
  auto *query = static_cast<QueryRow *>(MemoryContextAlloc(context, sizeof(QueryRow)));
  query->id = DatumGetInt32(ColumnAt(row, 1));
  query->result = DatumGetObjectId(ColumnAt(row, 2));
  query->owner = DatumGetObjectId(ColumnAt(row, 3));
  query->statement = MemoryContextStrdup(context, TextDatumGetCString(ColumnAt(row, 4)));
  query->tick_ms = DatumGetInt64(ColumnAt(row, 5));
  query->rejects_changes = DatumGetBool(ColumnAt(row, 6));
  query->is_paused = DatumGetBool(ColumnAt(row, 7));
  query->on_error = static_cast<OnError>(DatumGetInt32(ColumnAt(row, 8)) - 1);
  query->failures = DatumGetInt32(ColumnAt(row, 9));  // 0 where there is none
  query->next_retry = DatumGetTimestampTz(ColumnAt(row, 10));
  query->retracts = DatumGetBool(ColumnAt(row, 11));
  query->log_id = DatumGetInt32(ColumnAt(row, 12));
  query->has_readers = HasReaders(*query);
  return query;
}

QueryRow *FindOne(const char *sql, Oid type, Datum value) {
  const Session session = Open();
  pg::Execute(sql, SPI_OK_SELECT, 1, &type, &value);
  QueryRow *row = SPI_processed > 0 ? RowAt(0, session.caller) : nullptr;
  Close(session);
  return row;
}

void ExecuteFor(int32 query_id, const char *sql, int expected) {
  Oid types[] = {INT4OID};
  Datum values[] = {Int32GetDatum(query_id)};
  pg::Execute(sql, expected, 1, types, values);
}

}  // namespace

int32 NextQueryId() {
  const Session session = Open();
  pg::Execute("SELECT pg_catalog.nextval('weir.continuous_query_ids')::integer", SPI_OK_SELECT);
  const int32 id = DatumGetInt32(ColumnAt(0, 1));
  Close(session);
  return id;
}

void AddQuery(const QueryRow &row, const char *contents, const Interval *tick) {
  const Session session = Open();
  Oid types[] = {INT4OID, OIDOID, TEXTOID, TEXTOID, INTERVALOID, TEXTOID, TEXTOID};
  Datum values[] = {Int32GetDatum(row.id),
                    ObjectIdGetDatum(row.result),
                    CStringGetTextDatum(row.statement),
                    CStringGetTextDatum(contents),
                    IntervalPGetDatum(tick),
                    CStringGetTextDatum(OnDeleteName(row)),
                    CStringGetTextDatum(kOnErrorNames[static_cast<int>(row.on_error)])};
  pg::Execute(
      "INSERT INTO weir.continuous_queries"
      " (id, result, statement, contents, tick, on_delete, on_error)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7)",
      SPI_OK_INSERT, 7, types, values);
  Close(session);
}

QueryRow *FindQuery(Oid result) {
  return FindOne(WEIR_QUERY_COLUMNS " WHERE q.result = $1", OIDOID, ObjectIdGetDatum(result));
}

QueryRow *FindQueryById(int32 query_id) {
  return FindOne(WEIR_QUERY_COLUMNS " WHERE q.id = $1", INT4OID, Int32GetDatum(query_id));
}

char *ContentsOf(int32 query_id) {
  const Session session = Open();
  ExecuteFor(query_id, "SELECT contents FROM weir.continuous_queries WHERE id = $1", SPI_OK_SELECT);
  if (SPI_processed == 0) elog(ERROR, "continuous query %d is missing", query_id);
  char *contents = MemoryContextStrdup(session.caller, TextDatumGetCString(ColumnAt(0, 1)));
  Close(session);
  return contents;
}

QueryRow *RequireOwnQuery(Oid result) {
  QueryRow *row = FindQuery(result);
  const char *name = get_rel_name(result);
  if (row == nullptr) {
    ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
            errmsg("\"%s\" is not a continuous query", name != nullptr ? name : "?"),
            errhint("SELECT * FROM weir.queries shows the continuous queries of this database."));
  }
  if (!has_privs_of_role(GetUserId(), row->owner)) {
    aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_VIEW, name);
  }
  return row;
}

List *QueriesOfOwner(Oid owner) {
  const Session session = Open();
  Oid types[] = {OIDOID};
  Datum values[] = {ObjectIdGetDatum(owner)};
  pg::Execute(WEIR_QUERY_COLUMNS " WHERE c.relowner = $1 ORDER BY q.id", SPI_OK_SELECT, 1, types,
              values);
  List *rows = NIL;
  for (uint64 i = 0; i < SPI_processed; i++) {
    QueryRow *row = RowAt(static_cast<int>(i), session.caller);
    MemoryContext old = MemoryContextSwitchTo(session.caller);
    rows = lappend(rows, row);
    MemoryContextSwitchTo(old);
  }
  Close(session);
  return rows;
}

namespace {

// By its result, which stays when another definition takes over.
void ExecuteForResult(Oid result, const char *sql, Oid type, Datum value) {
  Oid types[] = {OIDOID, type};
  Datum values[] = {ObjectIdGetDatum(result), value};
  pg::Execute(sql, SPI_OK_UPDATE, 2, types, values);
}

}  // namespace

void ChangeOptions(Oid result, const OptionChanges &changes) {
  const Session session = Open();
  if (changes.tick != nullptr) {
    ExecuteForResult(result, "UPDATE weir.continuous_queries SET tick = $2 WHERE result = $1",
                     INTERVALOID, IntervalPGetDatum(changes.tick));
  }
  if (changes.rejects_changes != nullptr) {
    ExecuteForResult(result, "UPDATE weir.continuous_queries SET on_delete = $2 WHERE result = $1",
                     TEXTOID, CStringGetTextDatum(*changes.rejects_changes ? "error" : "ignore"));
  }
  if (changes.on_error != nullptr) {
    ExecuteForResult(result, "UPDATE weir.continuous_queries SET on_error = $2 WHERE result = $1",
                     TEXTOID,
                     CStringGetTextDatum(kOnErrorNames[static_cast<int>(*changes.on_error)]));
  }
  Close(session);
}

void ReplaceQuery(int32 query_id, const QueryRow &by, const char *contents) {
  ForgetFailure(query_id);
  const Session session = Open();
  ExecuteFor(query_id, "DELETE FROM weir.query_lanes WHERE query_id = $1", SPI_OK_DELETE);
  ExecuteFor(query_id, "DELETE FROM weir.query_backfills WHERE query_id = $1", SPI_OK_DELETE);
  Oid types[] = {INT4OID, INT4OID, TEXTOID, TEXTOID};
  Datum values[] = {Int32GetDatum(query_id), Int32GetDatum(by.id),
                    CStringGetTextDatum(by.statement), CStringGetTextDatum(contents)};
  pg::Execute(
      "UPDATE weir.continuous_queries SET id = $2, statement = $3, contents = $4 WHERE id = $1",
      SPI_OK_UPDATE, 4, types, values);
  Close(session);
}

void SetPaused(Oid result, bool is_paused) {
  const Session session = Open();
  ExecuteForResult(result, "UPDATE weir.continuous_queries SET paused = $2 WHERE result = $1",
                   BOOLOID, BoolGetDatum(is_paused));
  Close(session);
}

void DeleteQuery(int32 query_id) {
  const Session session = Open();
  ExecuteFor(query_id, "DELETE FROM weir.query_lanes WHERE query_id = $1", SPI_OK_DELETE);
  ExecuteFor(query_id, "DELETE FROM weir.query_failures WHERE query_id = $1", SPI_OK_DELETE);
  ExecuteFor(query_id, "DELETE FROM weir.query_streams WHERE query_id = $1", SPI_OK_DELETE);
  ExecuteFor(query_id, "DELETE FROM weir.dead_letter_rows WHERE query_id = $1", SPI_OK_DELETE);
  ExecuteFor(query_id, "DELETE FROM weir.query_backfills WHERE query_id = $1", SPI_OK_DELETE);
  ExecuteFor(query_id, "DELETE FROM weir.continuous_queries WHERE id = $1", SPI_OK_DELETE);
  Close(session);
}

void NoteFailure(const Failure &failure) {
  const Session session = Open();
  Oid types[] = {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
  Datum values[] = {Int32GetDatum(failure.query_id),
                    CStringGetTextDatum(unpack_sql_state(failure.sqlstate)),
                    CStringGetTextDatum(failure.message), TimestampTzGetDatum(failure.next_retry)};
  pg::Execute(
      "INSERT INTO weir.query_failures AS f VALUES ($1, 1, $2, $3, pg_catalog.now(), $4)"
      " ON CONFLICT (query_id) DO UPDATE SET failures = f.failures + 1,"
      " sqlstate = excluded.sqlstate, message = excluded.message,"
      " failed_at = excluded.failed_at, next_retry = excluded.next_retry",
      SPI_OK_INSERT, 4, types, values);
  Close(session);
}

void NoteBackfill(const Backfill &backfill) {
  const Session session = Open();
  Oid types[] = {INT4OID, INT8OID, INT8OID, FLOAT8OID};
  Datum values[] = {Int32GetDatum(backfill.query_id), Int64GetDatum(backfill.pages),
                    Int64GetDatum(backfill.groups), Float8GetDatum(backfill.took_ms)};
  pg::Execute(
      "INSERT INTO weir.query_backfills VALUES ($1, pg_catalog.clock_timestamp(), $2, $3, $4)"
      " ON CONFLICT (query_id) DO UPDATE SET finished_at = excluded.finished_at,"
      " pages = excluded.pages, groups = excluded.groups, took_ms = excluded.took_ms",
      SPI_OK_INSERT, 4, types, values);
  Close(session);
}

bool ForgetFailure(int32 query_id) {
  const Session session = Open();
  ExecuteFor(query_id, "DELETE FROM weir.query_failures WHERE query_id = $1", SPI_OK_DELETE);
  const bool found = SPI_processed > 0;
  Close(session);
  return found;
}

}  // namespace weir::continuous
