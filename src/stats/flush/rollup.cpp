#include "stats/flush/rollup.hpp"

#include <cstring>
#include <new>

#include "pg/compat.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"
#include "stats/flush/kinds.hpp"
#include "stats/flush/rollup_table.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
// Records of a minute may still wait in the ring when it ends.
constexpr std::int64_t kGrace = 60 * kSecond;
// How long minutes and hours are kept; docs/statistics.md says so.
constexpr std::int64_t kMinutesKept = 6 * 3600 * kSecond;
constexpr std::int64_t kHoursKept = 14 * 24 * 3600 * kSecond;

core::Timestamp rolled_until = 0;
bool rolled_until_is_known = false;
// Where weir.rollup_kinds is stored: another place after TRUNCATE.
decltype(pg::LocatorOf(nullptr)) known_kinds_file;

// The sums of one transaction, by their place in the tables.
struct Sum {
  RollupPlace place;  // the key
  core::RollupFigures *figures;
};

class Sums {
 public:
  Sums() {
    HASHCTL control{};
    control.keysize = sizeof(RollupPlace);
    control.entrysize = sizeof(Sum);
    control.hcxt = CurrentMemoryContext;
    table_ = hash_create("weir sums", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
  }

  core::RollupFigures &At(const RollupPlace &place) {
    bool found;
    auto *sum = static_cast<Sum *>(hash_search(table_, &place, HASH_ENTER, &found));
    if (!found) sum->figures = new (palloc(sizeof(core::RollupFigures))) core::RollupFigures();
    return *sum->figures;
  }

  // Width by width: a table is opened once. Tables are locked from the smallest width on, as
  // weir.reset() does.
  void Write() const {
    for (int width = 0; width < kWidths; width++) WriteWidth(static_cast<Width>(width));
  }

 private:
  void WriteWidth(Width width) const {
    RollupTable table{};
    HASH_SEQ_STATUS all;
    hash_seq_init(&all, table_);
    while (auto *sum = static_cast<Sum *>(hash_seq_search(&all))) {
      if (sum->place.width != width) continue;
      if (table.relation == nullptr) table = OpenRollups(width);
      AddToRow(table, sum->place, *sum->figures);
    }
    if (table.relation != nullptr) CloseRollups(table);
  }

  HTAB *table_;
};

// The first column of the first row; false when there is none.
bool SelectedTime(core::Timestamp *time) {
  if (SPI_processed == 0) return false;
  bool is_null = true;
  *time =
      DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
  return !is_null;
}

void StoreRolledUntil(core::Timestamp time) {
  Oid types[] = {TIMESTAMPTZOID};
  Datum values[] = {TimestampTzGetDatum(time)};
  pg::Execute("UPDATE weir.rollup_state SET rolled_until = $1", SPI_OK_UPDATE, 1, types, values);
  if (SPI_processed == 0) {
    pg::Execute("INSERT INTO weir.rollup_state VALUES ($1)", SPI_OK_INSERT, 1, types, values);
  }
  rolled_until = time;
}

void LearnRolledUntil() {
  if (rolled_until_is_known) return;
  pg::Execute("SELECT rolled_until FROM weir.rollup_state", SPI_OK_SELECT);
  if (!SelectedTime(&rolled_until)) {
    StoreRolledUntil(BucketOf(GetCurrentTimestamp(), Width::kMinute));
  }
  rolled_until_is_known = true;
}

// Locked first, so that the numbers that are known stay good until the commit.
void LockKinds() {
  RangeVar *name = makeRangeVar(const_cast<char *>("weir"), const_cast<char *>("rollup_kinds"), -1);
  Relation relation = table_openrv(name, RowExclusiveLock);
  const auto file = pg::LocatorOf(relation);
  table_close(relation, NoLock);
  if (std::memcmp(&file, &known_kinds_file, sizeof(file)) == 0) return;
  ForgetKinds();
  known_kinds_file = file;
}

// A record belongs to its minute; a late one, whose minute was rolled up before, to the hour and
// the day too. What would be deleted at once is left out.
void AddRecord(Sums &sums, const DatabaseSlot &slot, const core::QueryRecord &record,
               core::Timestamp now) {
  const std::int64_t kind = KindOf(slot, record);
  const auto place = [&](Width width) {
    return RollupPlace{BucketOf(record.ended_at, width), kind, record.user_id, width};
  };
  const RollupPlace minute = place(Width::kMinute);
  const bool is_late = minute.bucket < rolled_until;
  if (!is_late || minute.bucket >= now - kMinutesKept) sums.At(minute).Add(record);
  if (!is_late) return;
  const RollupPlace hour = place(Width::kHour);
  if (hour.bucket >= now - kHoursKept) sums.At(hour).Add(record);
  sums.At(place(Width::kDay)).Add(record);
}

// Minutes from `rolled_until` to `end`, as hours and days.
void SumMinutes(core::Timestamp end) {
  Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
  Datum values[] = {TimestampTzGetDatum(rolled_until), TimestampTzGetDatum(end)};
  pg::Execute("SELECT * FROM weir.rollups_minute WHERE bucket >= $1 AND bucket < $2", SPI_OK_SELECT,
              2, types, values);
  if (SPI_processed == 0) return;
  Sums sums;
  for (uint64 i = 0; i < SPI_processed; i++) {
    RollupPlace place{};
    core::RollupFigures figures;
    ReadRow(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &place, &figures);
    for (const Width width : {Width::kHour, Width::kDay}) {
      sums.At({BucketOf(place.bucket, width), place.kind, place.user_id, width}).Merge(figures);
    }
  }
  SPI_freetuptable(SPI_tuptable);
  // What this transaction has written of the same hours can be changed again only as a later
  // command.
  CommandCounterIncrement();
  sums.Write();
}

uint64 DeleteBefore(Width width, core::Timestamp limit) {
  Oid types[] = {TIMESTAMPTZOID};
  Datum values[] = {TimestampTzGetDatum(limit)};
  pg::Execute(psprintf("DELETE FROM weir.%s WHERE bucket < $1", kTableOf[static_cast<int>(width)]),
              SPI_OK_DELETE, 1, types, values);
  return SPI_processed;
}

}  // namespace

void RollUpRecords(const DatabaseSlot &slot, const core::QueryRecord *records, std::size_t count) {
  LockKinds();
  LearnRolledUntil();
  const core::Timestamp now = GetCurrentTimestamp();
  Sums sums;
  for (std::size_t i = 0; i < count; i++) AddRecord(sums, slot, records[i], now);
  sums.Write();
}

void RollUpMinutes() {
  LearnRolledUntil();
  const core::Timestamp end = BucketOf(GetCurrentTimestamp() - kGrace, Width::kMinute);
  if (end <= rolled_until) return;
  SumMinutes(end);
  StoreRolledUntil(end);
}

bool DropExpiredRollups() {
  LearnRolledUntil();
  const core::Timestamp now = GetCurrentTimestamp();
  const bool for_ever = settings.rollup_retention_s == 0;
  const core::Timestamp oldest =
      for_ever ? DT_NOBEGIN : now - std::int64_t{settings.rollup_retention_s} * kSecond;
  DeleteBefore(Width::kMinute, Min(Max(now - kMinutesKept, oldest), rolled_until));
  DeleteBefore(Width::kHour, Max(now - kHoursKept, oldest));
  if (for_ever || DeleteBefore(Width::kDay, BucketOf(oldest, Width::kDay)) == 0) return false;
  pg::Execute(
      "DELETE FROM weir.rollup_kinds k WHERE NOT EXISTS"
      " (SELECT FROM weir.rollups r WHERE r.kind_id = k.kind_id)",
      SPI_OK_DELETE);
  ForgetKinds();
  return true;
}

void ForgetRollups() {
  rolled_until_is_known = false;
  ForgetKinds();
}

}  // namespace weir::stats
