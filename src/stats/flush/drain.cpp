#include "stats/flush/drain.hpp"

#include "pg/compat.hpp"
#include "pg/failpoint.hpp"
#include "pg/pg.hpp"
#include "settings.hpp"
#include "stats/flush/extension_lock.hpp"
#include "stats/flush/partitions.hpp"
#include "stats/flush/position.hpp"
#include "stats/flush/record_writer.hpp"
#include "stats/flush/rollup.hpp"
#include "stats/flush/text_writer.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

namespace {

constexpr std::size_t kMostRecords = 10'000;  // in one transaction
constexpr int kPublishPolls = 200;            // of a millisecond

bool position_is_known = false;
bool last_drain_failed = false;

// False, and no transaction, when the extension is gone. From here to the commit it cannot go.
bool BeginTransaction() {
  SetCurrentStatementStartTimestamp();
  StartTransactionCommand();
  if (!LockExtension()) {
    CommitTransactionCommand();
    return false;
  }
  PushActiveSnapshot(GetTransactionSnapshot());
  SPI_connect();
  return true;
}

void CommitTransaction() {
  SPI_finish();
  PopActiveSnapshot();
  WEIR_FAILPOINT("flush.before_commit");
  CommitTransactionCommand();
  WEIR_FAILPOINT("flush.after_commit");
}

std::uint64_t CallsIn(const Ring &ring, std::uint64_t from, std::uint64_t to) {
  std::uint64_t calls = 0;
  ring.Peek(from, to - from, [&calls](const core::QueryRecord &record) { calls += record.calls; });
  return calls;
}

// Frees what is committed, and only then counts it.
void MoveTail(DatabaseSlot &slot, std::uint64_t position) {
  Ring &ring = RingOf(slot);
  const std::uint64_t calls = CallsIn(ring, ring.tail(), position);
  ring.MoveTail(position);
  slot.flushed.fetch_add(calls);
  slot.flushes.fetch_add(1);
  slot.last_flush.store(GetCurrentTimestamp());
}

// What was captured for an earlier extension's tables, as far as it is there.
void DiscardObsolete(DatabaseSlot &slot) {
  Ring &ring = RingOf(slot);
  const std::int64_t records = core::Distance(ring.tail(), slot.discard_records_below.load());
  if (records > 0) {
    std::uint64_t calls = 0;
    ring.MoveTail(ring.tail() +
                  ring.Peek(ring.tail(), static_cast<std::size_t>(records),
                            [&calls](const core::QueryRecord &record) { calls += record.calls; }));
    slot.discarded.fetch_add(calls);
  }
  core::ByteRing &texts = TextsOf(slot);
  while (core::Distance(texts.tail(), slot.discard_texts_below.load()) > 0) {
    std::uint64_t next = texts.tail();
    if (texts.Peek(
            texts.tail(), 1, [](std::string_view) {}, &next) == 0)
      break;
    texts.MoveTail(next);
  }
}

// Records that an earlier transaction committed without living to free them.
void SkipCommitted(DatabaseSlot &slot) {
  if (position_is_known) return;
  DiscardObsolete(slot);
  Ring &ring = RingOf(slot);
  const std::uint64_t committed = OpenPosition(slot.epoch.load(), ring.tail());
  if (core::Distance(ring.tail(), committed) > 0) MoveTail(slot, committed);
  position_is_known = true;
}

// A batch as it was taken from the rings, and where they end.
struct Batch {
  bool extension_is_gone;
  core::QueryRecord *records;
  std::size_t count;
  std::uint64_t records_end;
  std::uint64_t texts_end;
};

Batch TakeRecords(const Ring &ring) {
  const std::size_t most = Min(static_cast<std::size_t>(ring.InUse()), kMostRecords);
  Batch batch{};
  batch.records = static_cast<core::QueryRecord *>(
      palloc(Max(most, std::size_t{1}) * sizeof(core::QueryRecord)));
  core::QueryRecord *next = batch.records;
  batch.count =
      ring.Peek(ring.tail(), most, [&next](const core::QueryRecord &record) { *next++ = record; });
  batch.records_end = ring.tail() + batch.count;
  return batch;
}

// One transaction: records, texts and the position together.
Batch WriteBatch(DatabaseSlot &slot, bool closing) {
  if (!BeginTransaction()) return {.extension_is_gone = true};
  SkipCommitted(slot);
  Batch batch = TakeRecords(RingOf(slot));
  WEIR_FAILPOINT("flush.before_insert");
  batch.texts_end = WriteTexts(TextsOf(slot));
  if (batch.count > 0) {
    if (settings.store == kStoreEvents) {
      EnsurePartitions(batch.records, batch.count);
      WriteRecords(slot, batch.records, batch.count);
    }
    RollUpRecords(slot, batch.records, batch.count);
  }
  RollUpMinutes();
  WEIR_FAILPOINT("flush.after_insert");
  WritePosition(slot.epoch.load(), batch.records_end, closing);
  CommitTransaction();
  return batch;
}

void NoteFailure(DatabaseSlot &slot, const ErrorData *error) {
  slot.flush_errors.fetch_add(1);
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  slot.last_error.at = GetCurrentTimestamp();
  slot.last_error.sqlstate = error->sqlerrcode;
  strlcpy(slot.last_error.message, error->message, sizeof(slot.last_error.message));
  LWLockRelease(shared->lock);
}

// The log hears of the first failure of a row only.
void ReportFailure(const ErrorData *error) {
  if (last_drain_failed) return;
  ereport(LOG, errcode(error->sqlerrcode),
          errmsg("could not flush query records: %s", error->message),
          error->detail != nullptr ? errdetail_internal("%s", error->detail) : 0,
          errhint("Nothing is lost; the flush is tried again. See weir.ring_status()."));
}

// Writes a batch, or cleans up after the error that prevented it and returns that.
ErrorData *TryWriteBatch(DatabaseSlot &slot, bool closing, Batch *written) {
  MemoryContext context = CurrentMemoryContext;
  ErrorData *volatile error = nullptr;
  PG_TRY();
  { *written = WriteBatch(slot, closing); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    error = CopyErrorData();
    FlushErrorState();
    AbortCurrentTransaction();
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  return error;
}

// Commits a batch and then frees what it took.
DrainResult FlushBatch(DatabaseSlot &slot, bool closing) {
  Batch batch{};
  ErrorData *error = TryWriteBatch(slot, closing, &batch);
  if (error != nullptr) {
    ForgetPartitions();
    ForgetRollups();
    DistrustPosition();
    NoteFailure(slot, error);
    ReportFailure(error);
    FreeErrorData(error);
    last_drain_failed = true;
    return DrainResult::kFailed;
  }
  last_drain_failed = false;
  if (batch.extension_is_gone) return DrainResult::kGone;
  if (batch.count > 0) MoveTail(slot, batch.records_end);
  TextsOf(slot).MoveTail(batch.texts_end);
  return DrainResult::kDone;
}

// Moves folded records into the ring, as far as there is room. True when none are left.
bool CollectFolds(DatabaseSlot &slot) {
  Ring &ring = RingOf(slot);
  const std::uint32_t group = slot.group.load();
  bool all = true;
  for (int i = 0; i < pg::ProcessCount() && all; i++) {
    AreaAt(i).folds().Collect(group, [&](const core::QueryRecord &record) {
      return all = ring.TryPush(record, record.calls);
    });
  }
  return all;
}

// A session that has claimed a place in the ring fills it at once, unless it lost the processor.
bool WaitForPublication(const Ring &ring) {
  for (int polls = 0; polls < kPublishPolls; polls++) {
    if (ring.Peek(ring.tail(), 1, [](const core::QueryRecord &) {}) > 0) return true;
    pg_usleep(1000L);
  }
  return false;
}

DrainResult DrainTo(DatabaseSlot &slot, std::uint64_t target, bool closing) {
  Ring &ring = RingOf(slot);
  while (core::Distance(ring.tail(), target) > 0) {
    const std::uint64_t before = ring.tail();
    const DrainResult result = FlushBatch(slot, closing);
    if (result != DrainResult::kDone) return result;
    if (ring.tail() == before && !WaitForPublication(ring)) return DrainResult::kBlocked;
  }
  return DrainResult::kDone;
}

// Texts without records, and the position of a worker that starts or ends.
DrainResult DrainRest(DatabaseSlot &slot, bool closing) {
  core::ByteRing &texts = TextsOf(slot);
  const std::uint64_t target = texts.head();
  bool wanted = !position_is_known || closing;
  while (wanted || core::Distance(texts.tail(), target) > 0) {
    const std::uint64_t before = texts.tail();
    const DrainResult result = FlushBatch(slot, closing);
    if (result != DrainResult::kDone) return result;
    // A text that is not finished yet can wait for the next flush.
    if (texts.tail() == before) break;
    wanted = false;
  }
  return DrainResult::kDone;
}

}  // namespace

void DistrustPosition() { position_is_known = false; }

DrainResult DrainSlot(DatabaseSlot &slot, bool closing) {
  slot.wake_requested.store(0);
  pgstat_report_activity(STATE_RUNNING, "flushing query records");
  DrainResult result = DrainResult::kDone;
  bool folds_left = true;
  while (folds_left && result == DrainResult::kDone) {
    folds_left = !CollectFolds(slot);
    result = DrainTo(slot, RingOf(slot).head(), closing);
  }
  if (result == DrainResult::kDone) result = DrainRest(slot, closing);
  pgstat_report_stat(true);
  pgstat_report_activity(STATE_IDLE, nullptr);
  return result;
}

}  // namespace weir::stats
