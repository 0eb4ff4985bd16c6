// weir.query_progress() and weir.hold_status()
#include "continuous/hold/hold.hpp"
#include "continuous/shared/places.hpp"
#include "pg/compat.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
}

namespace weir::continuous {
namespace {

constexpr int kColumns = 13;

// The transaction that holds a frontier back.
struct Blocker {
  TransactionId xid;
  int pid;  // 0: a prepared transaction
};

Blocker FindBlocker() {
  Blocker oldest{InvalidTransactionId, 0};
  LWLockAcquire(ProcArrayLock, LW_SHARED);
  for (uint32 i = 0; i < ProcGlobal->allProcCount; i++) {
    const PGPROC *process = &ProcGlobal->allProcs[i];
    const TransactionId xid = process->xid;
    if (!TransactionIdIsValid(xid)) continue;
    if (TransactionIdIsValid(oldest.xid) && !TransactionIdPrecedes(xid, oldest.xid)) continue;
    oldest = {xid, process->pid};
  }
  LWLockRelease(ProcArrayLock);
  return oldest;
}

TimestampTz TransactionStartOf(int pid) {
  const int count = pgstat_fetch_stat_numbackends();
  for (int i = 1; pid != 0 && i <= count; i++) {
    const LocalPgBackendStatus *local = pg::LocalBackend(i);
    if (local != nullptr && local->backendStatus.st_procpid == pid) {
      return local->backendStatus.st_xact_start_timestamp;
    }
  }
  return 0;
}

struct Row {
  Datum values[kColumns];
  bool nulls[kColumns];
  int next;
};

void Put(Row &row, Datum value, bool is_null = false) {
  row.values[row.next] = value;
  row.nulls[row.next++] = is_null;
}

void PutTime(Row &row, int64 time) { Put(row, TimestampTzGetDatum(time), time == 0); }
void PutMs(Row &row, uint64 us) { Put(row, Float8GetDatum(static_cast<double>(us) / 1000.0)); }

void PutBlocker(Row &row, const Blocker &blocker, bool is_blocked) {
  Put(row, Int32GetDatum(blocker.pid), !is_blocked);
  Put(row, TransactionIdGetDatum(blocker.xid), !is_blocked);
  const TimestampTz since = is_blocked ? TransactionStartOf(blocker.pid) : 0;
  Datum age{0};
  if (since != 0) {
    age = DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(GetCurrentTimestamp()),
                              TimestampTzGetDatum(since));
  }
  Put(row, age, since == 0);
}

void PutQuery(Row &row, const QueryPlace &place, const Blocker &blocker) {
  const FullTransactionId next = ReadNextFullTransactionId();
  const std::uint64_t frontier = place.frontier.load();
  const bool is_known = frontier != 0;
  Put(row, Int32GetDatum(place.query_id.load()));
  Put(row, Int32GetDatum(place.worker_pid.load()), place.worker_pid.load() == 0);
  Put(row, UInt64GetDatum(frontier), !is_known);
  Put(row, Int64GetDatum(static_cast<int64>(U64FromFullTransactionId(next) - frontier)), !is_known);
  PutTime(row, place.checked_at.load());
  PutTime(row, place.caught_up_at.load());
  Put(row, Int64GetDatum(static_cast<int64>(place.ticks.load())));
  Put(row, Int64GetDatum(static_cast<int64>(place.rows.load())));
  PutMs(row, place.last_us.load());
  PutMs(row, place.total_us.load());
  const bool is_blocked = is_known && TransactionIdIsValid(blocker.xid) &&
                          !TransactionIdPrecedes(static_cast<TransactionId>(frontier), blocker.xid);
  PutBlocker(row, blocker, is_blocked);
}

Datum HoldTuple(FunctionCallInfo fcinfo) {
  TupleDesc descriptor;
  if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "return type must be a row type");
  }
  const HoldStatus hold = ReadHold();
  Datum values[] = {BoolGetDatum(hold.exists), UInt64GetDatum(U64FromFullTransactionId(hold.xmin)),
                    Int64GetDatum(static_cast<int64>(hold.age))};
  bool nulls[] = {false, !hold.exists, !hold.exists};
  return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

bool MaySee(const QueryPlace &place) {
  return has_privs_of_role(GetUserId(), place.owner.load()) ||
         has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_query_progress) {
  using namespace weir::continuous;
  InitMaterializedSRF(fcinfo, 0);
  if (shared == nullptr) PG_RETURN_NULL();
  auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  const Blocker blocker = FindBlocker();
  for (int i = 0; i < QueryPlaceCount(); i++) {
    const QueryPlace &place = QueryPlaceAt(i);
    if (place.database.load() != MyDatabaseId || !MaySee(place)) continue;
    Row row{};
    PutQuery(row, place, blocker);
    tuplestore_putvalues(result->setResult, result->setDesc, row.values, row.nulls);
  }
  PG_RETURN_NULL();
}

WEIR_FUNCTION(weir_hold_status) { PG_RETURN_DATUM(weir::continuous::HoldTuple(fcinfo)); }
