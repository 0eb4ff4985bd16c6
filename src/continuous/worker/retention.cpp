#include "continuous/worker/retention.hpp"

#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/changes/streams.hpp"
#include "continuous/frontier/frontier.hpp"
#include "continuous/shared/commit.hpp"
#include "continuous/worker/step.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {
namespace {

constexpr int64 kLongestPauseUs = 60 * USECS_PER_SEC;

// The newest position whose change is old enough, or 0. Reads only what goes, and a row more.
int64 LastToGo(const char *log, TimestampTz limit) {
  Oid types[] = {TIMESTAMPTZOID};
  Datum values[] = {TimestampTzGetDatum(limit)};
  pg::Execute(psprintf("SELECT COALESCE((SELECT position - 1 FROM weir_state.%s WHERE at >= $1"
                       " ORDER BY position LIMIT 1),"
                       " (SELECT pg_catalog.max(position) FROM weir_state.%s), 0)",
                       log, log),
              SPI_OK_SELECT, 1, types, values);
  bool is_null;
  return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
}

void TrimLog(int32 query_id, TimestampTz limit) {
  const char *log = StateName(FindStream(query_id)->log_id, kLogSuffix);
  SPI_connect();
  const int64 last = LastToGo(log, limit);
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(last)};
  pg::Execute(psprintf("DELETE FROM weir_state.%s WHERE position <= $1", log), SPI_OK_DELETE, 1,
              types, values);
  const uint64 gone = SPI_processed;
  SPI_finish();
  if (gone > 0) NoteTrimmed(query_id, last);
}

// Apart from steps and rebuilds, so that a row is either merged before its window goes, or too
// late.
void ForgetWindows(const KeptQuery &query) {
  PushActiveSnapshot(GetLatestSnapshot());
  const int level = PinSearchPath();
  SPI_connect();
  ForgetSilently(true);
  PG_TRY();
  { pg::Execute(query.stream->forgetting, SPI_OK_DELETE); }
  PG_FINALLY();
  { ForgetSilently(false); }
  PG_END_TRY();
  SPI_finish();
  UnpinSearchPath(level);
  PopActiveSnapshot();
}

void Forget(const KeptQuery &query, TimestampTz now) {
  if (query.stream->has_log) TrimLog(query.row.id, now - query.stream->retention_us);
  if (query.stream->forgetting != nullptr) ForgetWindows(query);
}

bool RunRetention(const KeptQuery &query, TimestampTz now) {
  StartTransactionCommand();
  const bool is_there = LockExtensionAgainstDrop();
  if (is_there) {
    // Another definition may take over the log meanwhile, and what is known of it.
    LockQuery(query.row.id);
    PushActiveSnapshot(GetTransactionSnapshot());
    if (FindStream(query.row.id) != nullptr) Forget(query, now);
    PopActiveSnapshot();
  }
  const bool has_written = TransactionIdIsValid(GetTopTransactionIdIfAny());
  CommitTransactionCommand();
  if (has_written && query.row.has_readers) WakeReaders();
  return is_there;
}

}  // namespace

bool KeepRetention(KeptQuery *query) {
  const Stream *stream = query->stream;
  if (stream == nullptr || stream->retention_us == 0 || query->row.is_paused) return true;
  const TimestampTz now = GetCurrentTimestamp();
  if (now < query->next_retention) return true;
  query->next_retention = now + Min(kLongestPauseUs, stream->retention_us / 10);
  MemoryContext context = CurrentMemoryContext;
  volatile bool is_there = true;
  PG_TRY();
  { is_there = RunRetention(*query, now); }
  PG_CATCH();
  {
    // Whatever is in the way, what is kept a little longer harms nobody.
    MemoryContextSwitchTo(context);
    EmitErrorReport();
    FlushErrorState();
    AbortCurrentTransaction();
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  return is_there;
}

}  // namespace weir::continuous
