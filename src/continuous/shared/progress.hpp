// How far long work of continuous queries has come: filling a query from the rows there are, and
// steps. A place in shared memory for each process that is at it.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/shared/shared_layout.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

enum class Work : std::uint32_t { kBackfill, kRefresh, kAlter, kStep };

struct alignas(core::kCacheLineBytes) ProgressPlace {
  // Taken and freed by the process whose work it is; 0: free.
  std::atomic<std::int32_t> pid{0};
  core::SharedU32 database{InvalidOid};
  core::SharedU32 owner{InvalidOid};
  std::atomic<std::int32_t> query_id{0};
  core::SharedU32 work{0};
  core::SharedU64 started_at{0};
  core::SharedU64 pages_done{0};
  core::SharedU64 pages_total{0};
  core::SharedU64 rows_done{0};  // of steps
};

// Called once, from Install(): reserves the memory.
void RequestProgress();

int ProgressPlaceCount();
const ProgressPlace &ProgressPlaceAt(int index);

// The work of this process from here to EndWork() or the end of the transaction. Goes unnoticed
// when all places are taken.
void BeginWork(Work work, int32 query_id, Oid owner);
void EndWork();

// The place of the work that goes on in this process, or null.
ProgressPlace *CurrentWork();

// In a helper: its pages count for the work of another process, until null is lent.
void LendWork(ProgressPlace *place);

// The pages of a table with its partitions are to be read by a statement that does not count them:
// a timer does, by the buffers that the process uses. Returns how many there are.
uint64 ExpectPages(Oid source);

// For scans that count: pages that are to be read, and one that has been.
void ExpectBlocks(uint64 blocks);
inline void CountBlock(ProgressPlace *place, int rows) {
  place->pages_done.fetch_add(1, std::memory_order_relaxed);
  if (rows > 0) place->rows_done.fetch_add(static_cast<uint64>(rows), std::memory_order_relaxed);
}

}  // namespace weir::continuous
