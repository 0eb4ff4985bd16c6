// What a roll-up knows of the statements of one kind in one stretch of time. Merges by addition.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/record/latency_histogram.hpp"
#include "core/record/query_record.hpp"

namespace weir::core {

// In the order of the columns of weir.rollups; so are the times.
enum RollupCount : int {
  kRows,
  kSharedBlksHit,
  kSharedBlksRead,
  kSharedBlksDirtied,
  kSharedBlksWritten,
  kLocalBlksHit,
  kLocalBlksRead,
  kLocalBlksDirtied,
  kLocalBlksWritten,
  kTempBlksRead,
  kTempBlksWritten,
  kWalRecords,
  kWalFpi,
  kWalBytes,
  kJitFunctions,
  kJitInliningCount,
  kJitOptimizationCount,
  kJitEmissionCount,
  kRollupCounts
};

enum RollupTime : int {
  kBlkReadMs,
  kBlkWriteMs,
  kTempBlkReadMs,
  kTempBlkWriteMs,
  kJitGenerationMs,
  kJitInliningMs,
  kJitOptimizationMs,
  kJitEmissionMs,
  kRollupTimes
};

struct RollupFigures {
  std::int64_t calls = 0;
  std::int64_t plans = 0;
  Timestamp first_seen = INT64_MAX;
  Timestamp last_seen = INT64_MIN;
  DurationSummary exec{};  // over `calls`
  DurationSummary plan{};  // over `plans`
  std::int64_t counts[kRollupCounts]{};
  double times[kRollupTimes]{};
  LatencyHistogram durations;

  // A folded record's single durations are gone: its mean stands for all of them.
  void Add(const QueryRecord &record) noexcept {
    exec.Merge(static_cast<std::uint64_t>(calls), record.exec, record.calls);
    calls += record.calls;
    durations.Add(record.exec.total / record.calls, record.calls);
    first_seen = std::min(first_seen, record.ended_at);
    last_seen = std::max(last_seen, record.ended_at);
    if (record.source == RecordSource::kLogged) return;
    const ExecutionCounters &counters = record.counters;
    if (record.plans > 0) {
      plan.Merge(static_cast<std::uint64_t>(plans), counters.plan, record.plans);
      plans += record.plans;
    }
    AddCounts(counters);
    AddTimes(counters);
  }

  void Merge(const RollupFigures &other) noexcept {
    if (other.calls > 0) {
      exec.Merge(static_cast<std::uint64_t>(calls), other.exec,
                 static_cast<std::uint64_t>(other.calls));
    }
    if (other.plans > 0) {
      plan.Merge(static_cast<std::uint64_t>(plans), other.plan,
                 static_cast<std::uint64_t>(other.plans));
    }
    calls += other.calls;
    plans += other.plans;
    first_seen = std::min(first_seen, other.first_seen);
    last_seen = std::max(last_seen, other.last_seen);
    for (int i = 0; i < kRollupCounts; ++i) counts[i] += other.counts[i];
    for (int i = 0; i < kRollupTimes; ++i) times[i] += other.times[i];
    durations.Merge(other.durations);
  }

 private:
  void AddCounts(const ExecutionCounters &c) noexcept {
    counts[kRows] += c.rows;
    counts[kSharedBlksHit] += static_cast<std::int64_t>(c.shared_blks_hit);
    counts[kSharedBlksRead] += static_cast<std::int64_t>(c.shared_blks_read);
    counts[kSharedBlksDirtied] += c.shared_blks_dirtied;
    counts[kSharedBlksWritten] += c.shared_blks_written;
    counts[kLocalBlksHit] += c.local_blks_hit;
    counts[kLocalBlksRead] += c.local_blks_read;
    counts[kLocalBlksDirtied] += c.local_blks_dirtied;
    counts[kLocalBlksWritten] += c.local_blks_written;
    counts[kTempBlksRead] += c.temp_blks_read;
    counts[kTempBlksWritten] += c.temp_blks_written;
    counts[kWalRecords] += c.wal_records;
    counts[kWalFpi] += c.wal_fpi;
    counts[kWalBytes] += static_cast<std::int64_t>(c.wal_bytes);
    counts[kJitFunctions] += c.jit_functions;
    counts[kJitInliningCount] += c.jit_inlining_count;
    counts[kJitOptimizationCount] += c.jit_optimization_count;
    counts[kJitEmissionCount] += c.jit_emission_count;
  }

  void AddTimes(const ExecutionCounters &c) noexcept {
    times[kBlkReadMs] += static_cast<double>(c.blk_read_ms);
    times[kBlkWriteMs] += static_cast<double>(c.blk_write_ms);
    times[kTempBlkReadMs] += static_cast<double>(c.temp_blk_read_ms);
    times[kTempBlkWriteMs] += static_cast<double>(c.temp_blk_write_ms);
    times[kJitGenerationMs] += static_cast<double>(c.jit_generation_ms);
    times[kJitInliningMs] += static_cast<double>(c.jit_inlining_ms);
    times[kJitOptimizationMs] += static_cast<double>(c.jit_optimization_ms);
    times[kJitEmissionMs] += static_cast<double>(c.jit_emission_ms);
  }
};

// Start of the stretch of `width` microseconds that `time` lies in; stretches tile the line from
// 2000-01-01 UTC.
constexpr Timestamp BucketStart(Timestamp time, Timestamp width) noexcept {
  const Timestamp offset = time % width;
  return time - offset - (offset < 0 ? width : 0);
}

}  // namespace weir::core
