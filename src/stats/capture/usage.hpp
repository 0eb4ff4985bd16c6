// Buffer, I/O, WAL and JIT usage, as the server counts it, between two moments.
#pragma once

#include "core/record/query_record.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "executor/instrument.h"
#include "jit/jit.h"
}

namespace weir::stats {

// Usage at one moment; 170 bytes of plain counters.
struct UsageMark {
  BufferUsage buffers;
  WalUsage wal;

  static UsageMark Now() { return {pgBufferUsage, pgWalUsage}; }
};

// Adds what was used since `mark`, by this process and the parallel workers it has waited for.
void AddUsageSince(const UsageMark &mark, core::ExecutionCounters &counters);

void AddJitUsage(const JitInstrumentation &jit, core::ExecutionCounters &counters);

}  // namespace weir::stats
