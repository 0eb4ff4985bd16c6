// weir.ring_status()
#include "pg/sql_function.hpp"
#include "stats/sql/require.hpp"

extern "C" {
#include "access/htup_details.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

namespace {

constexpr int kColumnCount = 20;

// One row, filled from the left.
class Row {
 public:
  void Null() { nulls_[next_++] = true; }
  void Value(Datum value) {
    nulls_[next_] = false;
    values_[next_++] = value;
  }
  void Count(std::uint64_t count) { Value(Int64GetDatum(static_cast<std::int64_t>(count))); }
  void Time(TimestampTz time) { time == 0 ? Null() : Value(TimestampTzGetDatum(time)); }
  void Text(const char *text) { *text == '\0' ? Null() : Value(CStringGetTextDatum(text)); }

  Datum Form(TupleDesc description) {
    Assert(next_ == kColumnCount && description->natts == kColumnCount);
    return HeapTupleGetDatum(heap_form_tuple(description, values_, nulls_));
  }

 private:
  Datum values_[kColumnCount];
  bool nulls_[kColumnCount];
  int next_ = 0;
};

void AddDatabase(Row &row) {
  auto *name = static_cast<Name>(palloc0(sizeof(NameData)));
  namestrcpy(name, get_database_name(MyDatabaseId));
  row.Value(NameGetDatum(name));
}

void AddCounts(Row &row, const DatabaseSlot &slot) {
  const Counts counts = CountsOf(slot);
  row.Count(RingOf(slot).capacity());
  row.Count(RingOf(slot).InUse());
  row.Count(RingOf(slot).WaitingWeight());
  row.Count(counts.captured);
  row.Count(counts.flushed);
  row.Count(counts.folded);
  row.Count(PendingFolds(slot));
  row.Count(counts.dropped);
}

void AddFlushes(Row &row, const DatabaseSlot &slot) {
  LWLockAcquire(shared->lock, LW_SHARED);
  const FlushError error = slot.last_error;
  LWLockRelease(shared->lock);
  row.Count(slot.flushes.load());
  row.Count(slot.flush_errors.load());
  row.Time(slot.last_flush.load());
  row.Text(error.message);
  row.Time(error.at);
  const std::int32_t pid = slot.worker_pid.load();
  pid > 0 ? row.Value(Int32GetDatum(pid)) : row.Null();
}

// Age of the oldest record. The worker may free it at this moment, then the age is of a newer one.
void AddLag(Row &row, const DatabaseSlot &slot) {
  const Ring &ring = RingOf(slot);
  TimestampTz oldest = 0;
  ring.Peek(ring.tail(), 1,
            [&oldest](const core::QueryRecord &record) { oldest = record.ended_at; });
  if (oldest == 0) return row.Null();
  const TimestampTz now = Max(GetCurrentTimestamp(), oldest);
  row.Value(
      DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(now), TimestampTzGetDatum(oldest)));
}

// Each table begins with "__other__", which nobody brought.
std::uint64_t NamesIn(const DatabaseSlot &slot) {
  std::uint64_t names = 0;
  for (const core::StringTable *table : {&NamesOf(slot), &SessionNamesOf(slot), &TenantsOf(slot)}) {
    names += table->size() - 1;
  }
  return names;
}

void AddNamesAndTexts(Row &row, const DatabaseSlot &slot) {
  const core::ByteRing &texts = TextsOf(slot);
  const std::uint64_t tail = texts.tail();
  row.Count(NamesIn(slot));
  row.Count(slot.names_rejected.load());
  row.Count(texts.head() - tail);
  row.Count(slot.texts_rejected.load());
}

}  // namespace

}  // namespace weir::stats

WEIR_FUNCTION(weir_ring_status) {
  using namespace weir::stats;
  TupleDesc description;
  if (get_call_result_type(fcinfo, nullptr, &description) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "return type must be a row type");
  }
  const DatabaseSlot &slot = RequireSlot();
  Row row;
  AddDatabase(row);
  AddCounts(row, slot);
  AddFlushes(row, slot);
  AddLag(row, slot);
  AddNamesAndTexts(row, slot);
  PG_RETURN_DATUM(row.Form(BlessTupleDesc(description)));
}
