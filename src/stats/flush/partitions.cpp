#include "stats/flush/partitions.hpp"

#include "pg/pg.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

namespace {

constexpr int kDaysAhead = 2;
constexpr std::int64_t kUnknownDay = INT64_MIN;

// Days known to have a partition, a small cache by day number.
constexpr std::size_t kKnownDays = 16;
std::int64_t known_days[kKnownDays];
bool known_days_valid = false;

std::int64_t &KnownSlot(std::int64_t day) {
  if (!known_days_valid) {
    for (std::int64_t &known : known_days) known = kUnknownDay;
    known_days_valid = true;
  }
  return known_days[static_cast<std::uint64_t>(day) % kKnownDays];
}

std::int64_t DayOf(core::Timestamp time) {
  const std::int64_t day = time / USECS_PER_DAY;
  return time % USECS_PER_DAY < 0 ? day - 1 : day;
}

struct Date {
  int year, month, day;
};

Date DateOf(std::int64_t day) {
  Date date{};
  j2date(static_cast<int>(day + POSTGRES_EPOCH_JDATE), &date.year, &date.month, &date.day);
  return date;
}

// The bounds of a partition as text, for the queries below; null stands for no bound. The worker's
// time zone is UTC, and its search_path is empty: unqualified names are the server's own.
#define WEIR_PARTITION_BOUNDS                                             \
  " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,"            \
  " LATERAL pg_get_expr(c.relpartbound, c.oid) AS bounds,"                \
  " LATERAL substring(bounds, 'FROM [(]''([^'']+)''[)]') AS lower_bound," \
  " LATERAL substring(bounds, 'TO [(]''([^'']+)''[)]') AS upper_bound"    \
  " WHERE i.inhparent = 'weir.query_stats'::regclass AND bounds ~ '^FOR VALUES'"

bool QueryIsTrue(const char *sql, int parameter_count, Oid *types, Datum *values) {
  pg::Execute(sql, SPI_OK_SELECT, parameter_count, types, values);
  bool is_null = false;
  return SPI_processed > 0 &&
         DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
}

// By its bounds and not by its name: somebody may have detached and kept a partition, or attached
// one for a month.
bool HasPartition(std::int64_t day) {
  Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
  Datum values[] = {TimestampTzGetDatum(day * USECS_PER_DAY),
                    TimestampTzGetDatum((day + 1) * USECS_PER_DAY)};
  return QueryIsTrue("SELECT EXISTS (SELECT" WEIR_PARTITION_BOUNDS
                     " AND coalesce(lower_bound::timestamptz, '-infinity') < $2"
                     " AND coalesce(upper_bound::timestamptz, 'infinity') > $1)",
                     2, types, values);
}

bool NameIsTaken(const char *name) {
  Oid types[] = {TEXTOID};
  Datum values[] = {CStringGetTextDatum(name)};
  return QueryIsTrue("SELECT to_regclass('weir.' || $1) IS NOT NULL", 1, types, values);
}

char *FreeName(const Date &date) {
  char *name = psprintf("query_stats_p%04d%02d%02d", date.year, date.month, date.day);
  for (int suffix = 1; NameIsTaken(name); suffix++) {
    name = psprintf("query_stats_p%04d%02d%02d_%d", date.year, date.month, date.day, suffix);
  }
  return name;
}

// Attaching takes a lock that lets readers and writers go on, creating in place would not. The
// partition belongs to the extension, so that dumps leave it out and DROP EXTENSION takes it along.
void CreatePartition(std::int64_t day) {
  const Date from = DateOf(day);
  const Date to = DateOf(day + 1);
  const char *name = FreeName(from);
  pg::Execute(psprintf("CREATE TABLE weir.%s (LIKE weir.query_stats INCLUDING DEFAULTS"
                       " INCLUDING CONSTRAINTS INCLUDING STORAGE)",
                       name),
              SPI_OK_UTILITY);
  // Default privileges may let others read new tables. Only the parent says who sees which rows.
  pg::Execute(psprintf("ALTER TABLE weir.%s ENABLE ROW LEVEL SECURITY", name), SPI_OK_UTILITY);
  pg::Execute(psprintf("ALTER TABLE weir.query_stats ATTACH PARTITION weir.%s FOR VALUES"
                       " FROM ('%04d-%02d-%02d 00:00:00+00') TO ('%04d-%02d-%02d 00:00:00+00')",
                       name, from.year, from.month, from.day, to.year, to.month, to.day),
              SPI_OK_UTILITY);
  pg::Execute(psprintf("ALTER EXTENSION pg_weir ADD TABLE weir.%s", name), SPI_OK_UTILITY);
}

void EnsureDay(std::int64_t day) {
  std::int64_t &known = KnownSlot(day);
  if (known == day) return;
  if (!HasPartition(day)) CreatePartition(day);
  known = day;
}

void DropPartition(const char *name) {
  pg::Execute(psprintf("ALTER EXTENSION pg_weir DROP TABLE weir.%s", quote_identifier(name)),
              SPI_OK_UTILITY);
  pg::Execute(psprintf("DROP TABLE weir.%s", quote_identifier(name)), SPI_OK_UTILITY);
}

// Names of the partitions that end before `limit`. Those that the extension did not make are their
// maker's to drop.
List *ExpiredPartitions(core::Timestamp limit) {
  Oid types[] = {TIMESTAMPTZOID};
  Datum values[] = {TimestampTzGetDatum(limit)};
  pg::Execute("SELECT c.relname" WEIR_PARTITION_BOUNDS
              " AND upper_bound::timestamptz <= $1 AND EXISTS (SELECT FROM pg_depend d"
              " WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')",
              SPI_OK_SELECT, 1, types, values);
  List *names = NIL;
  for (uint64 i = 0; i < SPI_processed; i++) {
    names = lappend(names, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
  }
  return names;
}

}  // namespace

void EnsurePartitions(const core::QueryRecord *records, std::size_t count) {
  std::int64_t last = kUnknownDay;
  for (std::size_t i = 0; i < count; i++) {
    const std::int64_t day = DayOf(records[i].ended_at);
    if (day == last) continue;
    EnsureDay(day);
    last = day;
  }
}

void MakePartitionsAhead() {
  // Expired partitions take their texts along. Whoever locks both tables locks the texts first, as
  // flushes and weir.reset() do, so that nobody waits in a circle.
  pg::Execute("LOCK TABLE weir.query_texts IN ROW EXCLUSIVE MODE", SPI_OK_UTILITY);
  const std::int64_t today = DayOf(GetCurrentTimestamp());
  for (int i = 0; i <= kDaysAhead; i++) EnsureDay(today + i);
}

bool DropExpired() {
  if (settings.retention_s == 0) return false;
  const core::Timestamp limit =
      GetCurrentTimestamp() - static_cast<core::Timestamp>(settings.retention_s) * USECS_PER_SEC;
  List *expired = ExpiredPartitions(limit);
  ListCell *cell;
  foreach (cell, expired) DropPartition(static_cast<char *>(lfirst(cell)));
  if (expired == NIL) return false;
  ForgetPartitions();
  return true;
}

void DropUnusedTexts() {
  pg::Execute(
      "DELETE FROM weir.query_texts t WHERE NOT EXISTS (SELECT FROM weir.rollup_kinds k"
      " WHERE k.queryid = t.queryid AND k.userid = t.userid)"
      " AND NOT EXISTS (SELECT FROM weir.query_stats s WHERE s.queryid = t.queryid"
      " AND s.userid = t.userid)",
      SPI_OK_DELETE);
}

void ForgetPartitions() { known_days_valid = false; }

}  // namespace weir::stats
