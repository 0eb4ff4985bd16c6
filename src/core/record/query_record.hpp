// One finished statement, or several of the same kind folded into one, as it travels from a backend
// to the flush worker.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace weir::core {

// Microseconds since 2000-01-01 UTC, as PostgreSQL stores timestamps.
using Timestamp = std::int64_t;

// Number of a name in a StringTable; 0 means none.
using NameId = std::uint32_t;

// Count, sum and spread of a duration in milliseconds. `m2` is the sum of squared differences from
// the mean (Welford 1962), merged as in Chan, Golub, LeVeque 1979.
struct DurationSummary {
  double total;
  double min;
  double max;
  double m2;

  static constexpr DurationSummary Of(double ms) noexcept { return {ms, ms, ms, 0.0}; }

  // Merges a summary of `other_count` > 0 durations into this one of `count` durations.
  constexpr void Merge(std::uint64_t count, const DurationSummary &other,
                       std::uint64_t other_count) noexcept {
    if (count == 0) {
      *this = other;
      return;
    }
    const double n = static_cast<double>(count);
    const double k = static_cast<double>(other_count);
    const double delta = other.total / k - total / n;
    m2 += other.m2 + delta * delta * n * k / (n + k);
    total += other.total;
    min = std::min(min, other.min);
    max = std::max(max, other.max);
  }
};

// What the planner and the executor counted. Block counts that can pass 2^32 in one statement have
// 64 bits; the others stop at their largest value.
struct ExecutionCounters {
  DurationSummary plan;  // over `QueryRecord::plans` plannings
  std::int64_t rows;
  std::uint64_t shared_blks_hit;
  std::uint64_t shared_blks_read;
  std::uint64_t wal_bytes;
  std::uint32_t shared_blks_dirtied;
  std::uint32_t shared_blks_written;
  std::uint32_t local_blks_hit;
  std::uint32_t local_blks_read;
  std::uint32_t local_blks_dirtied;
  std::uint32_t local_blks_written;
  std::uint32_t temp_blks_read;
  std::uint32_t temp_blks_written;
  std::uint32_t wal_records;
  std::uint32_t wal_fpi;
  float blk_read_ms;
  float blk_write_ms;
  float temp_blk_read_ms;
  float temp_blk_write_ms;
  std::uint32_t jit_functions;
  std::uint32_t jit_inlining_count;
  std::uint32_t jit_optimization_count;
  std::uint32_t jit_emission_count;
  float jit_generation_ms;
  float jit_inlining_ms;
  float jit_optimization_ms;
  float jit_emission_ms;

  // Adds everything but `plan`, which needs the numbers of plannings.
  void Merge(const ExecutionCounters &other) noexcept;
};

// What an application logged through weir.log_query_stat(): names that need not exist anywhere.
// Zero-terminated, empty for NULL.
struct LoggedNames {
  char table_name[64];
  char field_name[64];
  char query_type[24];
};

enum class RecordSource : std::uint8_t {
  kStatement = 0,  // captured by the hooks: `counters` is valid
  kLogged = 1,     // logged by an application: `logged` is valid
};

struct QueryRecord {
  Timestamp ended_at;      // when the last statement in here ended
  std::uint64_t query_id;  // 0: none
  DurationSummary exec;    // over `calls` statements
  std::uint32_t calls;     // statements in this record; never 0
  std::uint32_t plans;
  std::uint32_t user_id;
  NameId tenant;
  NameId application;
  NameId client;
  NameId table;
  NameId field;
  std::int32_t sqlstate;      // as MAKE_SQLSTATE packs it; 0: success
  std::uint16_t command_tag;  // the server's CommandTag
  RecordSource source;
  bool toplevel;
  union {
    ExecutionCounters counters;
    LoggedNames logged;
  };
};

static_assert(std::is_trivially_copyable_v<QueryRecord>);
// With the ring's own 16 bytes a slot fills four cache lines.
static_assert(sizeof(QueryRecord) == 240);

namespace detail {

inline std::uint32_t AddSaturating(std::uint32_t a, std::uint32_t b) noexcept {
  const std::uint32_t sum = a + b;
  return sum < a ? UINT32_MAX : sum;
}

}  // namespace detail

inline void ExecutionCounters::Merge(const ExecutionCounters &other) noexcept {
  using Self = ExecutionCounters;
  constexpr std::uint32_t Self::*kSaturating[] = {
      &Self::shared_blks_dirtied, &Self::shared_blks_written,
      &Self::local_blks_hit,      &Self::local_blks_read,
      &Self::local_blks_dirtied,  &Self::local_blks_written,
      &Self::temp_blks_read,      &Self::temp_blks_written,
      &Self::wal_records,         &Self::wal_fpi,
      &Self::jit_functions,       &Self::jit_inlining_count,
      &Self::jit_emission_count,  &Self::jit_optimization_count,
  };
  constexpr float Self::*kTimes[] = {
      &Self::blk_read_ms,       &Self::blk_write_ms,        &Self::temp_blk_read_ms,
      &Self::temp_blk_write_ms, &Self::jit_generation_ms,   &Self::jit_inlining_ms,
      &Self::jit_emission_ms,   &Self::jit_optimization_ms,
  };
  rows += other.rows;
  shared_blks_hit += other.shared_blks_hit;
  shared_blks_read += other.shared_blks_read;
  wal_bytes += other.wal_bytes;
  for (const auto count : kSaturating) {
    this->*count = detail::AddSaturating(this->*count, other.*count);
  }
  for (const auto time : kTimes) this->*time += other.*time;
}

// True when the two may become one record: they differ in nothing but figures.
inline bool SameKey(const QueryRecord &a, const QueryRecord &b) noexcept {
  if (a.query_id != b.query_id || a.user_id != b.user_id || a.tenant != b.tenant ||
      a.application != b.application || a.client != b.client || a.table != b.table ||
      a.field != b.field || a.sqlstate != b.sqlstate || a.command_tag != b.command_tag ||
      a.source != b.source || a.toplevel != b.toplevel) {
    return false;
  }
  return a.source == RecordSource::kStatement ||
         std::memcmp(&a.logged, &b.logged, sizeof(a.logged)) == 0;
}

// Adds `from` to `into`; SameKey(into, from) holds.
inline void Merge(QueryRecord &into, const QueryRecord &from) noexcept {
  into.exec.Merge(into.calls, from.exec, from.calls);
  if (into.source == RecordSource::kStatement) {
    if (from.plans > 0) into.counters.plan.Merge(into.plans, from.counters.plan, from.plans);
    into.counters.Merge(from.counters);
  }
  into.calls += from.calls;
  into.plans += from.plans;
  into.ended_at = std::max(into.ended_at, from.ended_at);
}

}  // namespace weir::core
