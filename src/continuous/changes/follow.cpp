// weir.changes()
#include "continuous/catalog/catalog.hpp"
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/changes/streams.hpp"
#include "continuous/rewrite/emission.hpp"
#include "continuous/shared/places.hpp"
#include "pg/compat.hpp"
#include "pg/spi.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "pgstat.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace weir::continuous {
namespace {

constexpr long kPollMs = 100;      // where nobody wakes us
constexpr long kLongestMs = 1000;  // where somebody does
constexpr int kColumns = 4;

struct Request {
  int32 query_id;
  int32 log_id;
  Oid owner;
  int64 after;
  int32 max_rows;
  TimestampTz end;
};

// Who may read the result may follow it.
const QueryRow *RequireReadable(Oid result) {
  const QueryRow *row = FindQuery(result);
  const char *name = get_rel_name(result);
  if (row == nullptr) {
    ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
            errmsg("\"%s\" is not a continuous query", name != nullptr ? name : "?"),
            errhint("SELECT * FROM weir.queries shows the continuous queries of this database."));
  }
  const AclResult right = pg_class_aclcheck(result, GetUserId(), ACL_SELECT);
  if (right != ACLCHECK_OK) aclcheck_error(right, OBJECT_VIEW, name);
  return row;
}

// A follower who has read up to `after` must miss nothing.
void RequireKept(Oid result, const Request &request) {
  const int64 trimmed = TrimmedTo(request.query_id);
  if (trimmed < 0) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("continuous query \"%s\" has no log of changes", get_rel_name(result)),
            errhint("Create it with EMIT CHANGES or EMIT FINAL at the end of its text."));
  }
  if (request.after <= 0 || request.after >= trimmed) return;
  const char *from = psprintf(INT64_FORMAT, trimmed);
  ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
          errmsg("changes after position " INT64_FORMAT " are not kept any more", request.after),
          errdetail("The log begins after position %s.", from),
          errhint("Read the result anew, and follow from position %s.", from));
}

// The table is its owner's, who may have done anything to it.
void RequireLogColumns(TupleDesc columns) {
  constexpr Oid kTypes[kColumns] = {INT8OID, TIMESTAMPTZOID, JSONBOID, JSONBOID};
  for (int i = 0; i < kColumns; i++) {
    if (TupleDescAttr(columns, i)->atttypid == kTypes[i]) continue;
    ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
            errmsg("column \"%s\" of the log of changes is of type %s, not %s",
                   NameStr(TupleDescAttr(columns, i)->attname),
                   format_type_be(TupleDescAttr(columns, i)->atttypid), format_type_be(kTypes[i])),
            errhint("Drop the continuous query and create it again."));
  }
}

// As the owner, as the result's view reads the state.
uint64 Fetch(const Request &request, ReturnSetInfo *result) {
  Oid user;
  int security_context;
  GetUserIdAndSecContext(&user, &security_context);
  SetUserIdAndSecContext(request.owner, security_context | SECURITY_LOCAL_USERID_CHANGE |
                                            SECURITY_RESTRICTED_OPERATION);
  const int level = PinSearchPath();
  SPI_connect();
  Oid types[] = {INT8OID, INT4OID};
  Datum values[] = {Int64GetDatum(request.after), Int32GetDatum(request.max_rows)};
  pg::Execute(psprintf("SELECT position, at, old, new FROM weir_state.%s WHERE position > $1"
                       " ORDER BY position LIMIT $2",
                       StateName(request.log_id, kLogSuffix)),
              SPI_OK_SELECT, 2, types, values);
  RequireLogColumns(SPI_tuptable->tupdesc);
  const uint64 count = SPI_processed;
  for (uint64 i = 0; i < count; i++) {
    Datum row[kColumns];
    bool nulls[kColumns];
    heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, row, nulls);
    tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
  }
  SPI_finish();
  UnpinSearchPath(level);
  SetUserIdAndSecContext(user, security_context);
  return count;
}

void Await(int32 query_id, long ms) {
  QueryPlace *place = FindQueryPlace(MyDatabaseId, query_id);
  if (place != nullptr && !RecoveryInProgress()) {
    ConditionVariableTimedSleep(&place->logged, Min(ms, kLongestMs), PG_WAIT_EXTENSION);
    return;
  }
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, Min(ms, kPollMs),
            PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  CHECK_FOR_INTERRUPTS();
}

void Follow(const Request &request, ReturnSetInfo *result) {
  while (Fetch(request, result) == 0) {
    const TimestampTz now = GetCurrentTimestamp();
    if (now >= request.end) break;
    Await(request.query_id, static_cast<long>((request.end - now + 999) / 1000));
  }
  ConditionVariableCancelSleep();
}

// The snapshot of such a transaction never sees anything new.
TimestampTz EndOfWait(const Interval &timeout) {
  return IsolationUsesXactSnapshot() ? 0 : GetCurrentTimestamp() + MicrosecondsOf(timeout);
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_changes) {
  using namespace weir::continuous;
  const Oid result = PG_GETARG_OID(0);
  if (PG_GETARG_INT32(2) < 1) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("invalid value for parameter \"max_rows\": %d", PG_GETARG_INT32(2)),
            errhint("Use 1 or more."));
  }
  if (shared == nullptr) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("pg_weir has no shared memory"),
            errhint("Set shared_preload_libraries = 'pg_weir' in postgresql.conf and restart the "
                    "server."));
  }
  const QueryRow *row = RequireReadable(result);
  const Request request{row->id,
                        row->log_id,
                        row->owner,
                        PG_GETARG_INT64(1),
                        PG_GETARG_INT32(2),
                        EndOfWait(*PG_GETARG_INTERVAL_P(3))};
  RequireKept(result, request);
  InitMaterializedSRF(fcinfo, 0);
  Follow(request, reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
  PG_RETURN_NULL();
}
