#include "continuous/changes/time.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/changes/change_log.hpp"
#include "continuous/rewrite/objects.hpp"

extern "C" {
#include "executor/spi.h"
#include "utils/snapmgr.h"
}

namespace weir::continuous {

namespace {

void NoteTimes(int32 query_id, FullTransactionId horizon) {
  RunAtHorizon(psprintf("INSERT INTO weir_state.%s (newest, future_rows) TABLE weir_state.%s",
                        StateName(query_id, "_time"), StateName(query_id, "_seen")),
               horizon);
}

}  // namespace

void BeginTime(int32 query_id) {
  RunSql(psprintf("INSERT INTO weir_state.%s DEFAULT VALUES", StateName(query_id, "_time")),
         SPI_OK_INSERT);
}

void StartTime(int32 query_id, FullTransactionId horizon) {
  NoteTimes(query_id, horizon);
  SPI_connect();
  MoveTime(query_id, *FindStream(query_id));
  SPI_finish();
}

void StartTimeSilently(int32 query_id, const char *closing, FullTransactionId horizon) {
  NoteTimes(query_id, horizon);
  SPI_connect();
  RunLogged(closing, query_id, false);
  SPI_finish();
}

bool ForgetTime(int32 query_id) {
  const Stream *stream = FindStream(query_id);
  if (stream == nullptr || stream->closing == nullptr) return false;
  RunSql(psprintf("DELETE FROM weir_state.%s", StateName(query_id, "_time")), SPI_OK_DELETE);
  return true;
}

void MoveTime(int32 query_id, const Stream &stream) {
  RunLogged(stream.closing, query_id, stream.notifies);
}

void CloseIdle(int32 query_id, const Stream &stream) {
  RunLogged(stream.idle, query_id, stream.notifies);
}

}  // namespace weir::continuous
