#include "stats/capture/usage.hpp"

#include <limits>

namespace weir::stats {

namespace {

// Counters that seldom count are 32 bits wide in a record and stop at their largest value.
std::uint32_t Grow(std::uint32_t counter, std::int64_t by) {
  if (likely(by == 0)) return counter;
  const std::uint64_t sum = counter + static_cast<std::uint64_t>(by);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(sum > kMost ? kMost : sum);
}

void AddRareBuffers(const BufferUsage &used, core::ExecutionCounters &c) {
  c.local_blks_hit = Grow(c.local_blks_hit, used.local_blks_hit);
  c.local_blks_read = Grow(c.local_blks_read, used.local_blks_read);
  c.local_blks_dirtied = Grow(c.local_blks_dirtied, used.local_blks_dirtied);
  c.local_blks_written = Grow(c.local_blks_written, used.local_blks_written);
  c.temp_blks_read = Grow(c.temp_blks_read, used.temp_blks_read);
  c.temp_blks_written = Grow(c.temp_blks_written, used.temp_blks_written);
  c.blk_read_ms += static_cast<float>(pg::BlockReadMs(used));
  c.blk_write_ms += static_cast<float>(pg::BlockWriteMs(used));
  c.temp_blk_read_ms += static_cast<float>(INSTR_TIME_GET_MILLISEC(used.temp_blk_read_time));
  c.temp_blk_write_ms += static_cast<float>(INSTR_TIME_GET_MILLISEC(used.temp_blk_write_time));
}

// Local and temporary blocks and I/O are looked at only when one of them has moved.
bool RareBuffersMoved(const BufferUsage &now, const BufferUsage &then) {
  return now.local_blks_hit != then.local_blks_hit || now.local_blks_read != then.local_blks_read ||
         now.local_blks_dirtied != then.local_blks_dirtied ||
         now.local_blks_written != then.local_blks_written ||
         now.temp_blks_read != then.temp_blks_read ||
         now.temp_blks_written != then.temp_blks_written ||
         now.shared_blks_read != then.shared_blks_read ||
         now.shared_blks_written != then.shared_blks_written;
}

}  // namespace

void AddUsageSince(const UsageMark &mark, core::ExecutionCounters &c) {
  const BufferUsage &now = pgBufferUsage;
  const BufferUsage &then = mark.buffers;
  c.shared_blks_hit += now.shared_blks_hit - then.shared_blks_hit;
  c.shared_blks_read += now.shared_blks_read - then.shared_blks_read;
  c.shared_blks_dirtied =
      Grow(c.shared_blks_dirtied, now.shared_blks_dirtied - then.shared_blks_dirtied);
  c.shared_blks_written =
      Grow(c.shared_blks_written, now.shared_blks_written - then.shared_blks_written);
  if (unlikely(RareBuffersMoved(now, then))) {
    BufferUsage used = {};
    BufferUsageAccumDiff(&used, &now, &then);
    AddRareBuffers(used, c);
  }
  c.wal_records = Grow(c.wal_records, pgWalUsage.wal_records - mark.wal.wal_records);
  c.wal_fpi = Grow(c.wal_fpi, pgWalUsage.wal_fpi - mark.wal.wal_fpi);
  c.wal_bytes += pgWalUsage.wal_bytes - mark.wal.wal_bytes;
}

void AddJitUsage(const JitInstrumentation &jit, core::ExecutionCounters &c) {
  const auto counted = [](const instr_time &time) { return !INSTR_TIME_IS_ZERO(time) ? 1 : 0; };
  c.jit_functions = Grow(c.jit_functions, static_cast<std::int64_t>(jit.created_functions));
  c.jit_generation_ms += static_cast<float>(INSTR_TIME_GET_MILLISEC(jit.generation_counter));
  c.jit_inlining_count = Grow(c.jit_inlining_count, counted(jit.inlining_counter));
  c.jit_inlining_ms += static_cast<float>(INSTR_TIME_GET_MILLISEC(jit.inlining_counter));
  c.jit_optimization_count = Grow(c.jit_optimization_count, counted(jit.optimization_counter));
  c.jit_optimization_ms += static_cast<float>(INSTR_TIME_GET_MILLISEC(jit.optimization_counter));
  c.jit_emission_count = Grow(c.jit_emission_count, counted(jit.emission_counter));
  c.jit_emission_ms += static_cast<float>(INSTR_TIME_GET_MILLISEC(jit.emission_counter));
}

}  // namespace weir::stats
