#include "stream/source/heap_pages.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/relscan.h"
#include "access/syncscan.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace weir::stream {
namespace {

constexpr int kCacheLine = 64;
// How many blocks after the next one the first lines of a page are fetched into the cache.
constexpr BlockNumber kFurtherAhead = 2;

HeapScanDesc HeapOf(PageWalk *walk) { return reinterpret_cast<HeapScanDesc>(walk->scan); }

ParallelBlockTableScanDesc SharedOf(PageWalk *walk) {
  return reinterpret_cast<ParallelBlockTableScanDesc>(walk->scan->rs_parallel);
}

// The block after the current one, InvalidBlockNumber at the end.
BlockNumber AdvanceBlock(PageWalk *walk) {
  HeapScanDesc heap = HeapOf(walk);
  if (walk->scan->rs_parallel != nullptr) {
    return table_block_parallelscan_nextpage(walk->scan->rs_rd, heap->rs_parallelworkerdata,
                                             SharedOf(walk));
  }
  if (walk->remaining <= 1) return InvalidBlockNumber;
  --walk->remaining;
  return walk->next + 1 == heap->rs_nblocks ? 0 : walk->next + 1;
}

BlockNumber FirstBlock(PageWalk *walk) {
  HeapScanDesc heap = HeapOf(walk);
  if (heap->rs_nblocks == 0) return InvalidBlockNumber;
  if (walk->scan->rs_parallel != nullptr) {
    table_block_parallelscan_startblock_init(walk->scan->rs_rd, heap->rs_parallelworkerdata,
                                             SharedOf(walk));
    return AdvanceBlock(walk);
  }
  walk->remaining = heap->rs_nblocks;
  return heap->rs_startblock;
}

// A table that was loaded or read in order lies in shared buffers in order, so the next block is
// mostly in the next buffer, and looking there first saves a search in the buffer table. Where that
// fails, a map is made of all buffers, once.
Buffer GuessBuffer(PageWalk *walk, BlockNumber block) {
  constexpr int kPatience = 32;
  if (walk->bad_guesses <= kPatience + walk->good_guesses / 4) {
    return walk->map == nullptr ? walk->last_read + 1 : BufferOf(walk->map, block);
  }
  if (walk->is_map_made) return InvalidBuffer;
  walk->is_map_made = true;
  walk->bad_guesses = 0;
  walk->map = MakeBufferMap(walk->scan->rs_rd, HeapOf(walk)->rs_nblocks, walk->context);
  return walk->map == nullptr ? InvalidBuffer : BufferOf(walk->map, block);
}

bool ReadGuessed(PageWalk *walk, BlockNumber block, Buffer *buffer) {
  Relation relation = walk->scan->rs_rd;
  if (RelationUsesLocalBuffers(relation)) return false;
  *buffer = GuessBuffer(walk, block);
  switch (LooksLike(*buffer, relation, block)) {
    case Likeness::kSame:
      break;
    case Likeness::kOther:
      ++walk->bad_guesses;
      return false;
    case Likeness::kUnused:
      return false;
  }
  if (!ReadRecentBuffer(pg::LocatorOf(relation), MAIN_FORKNUM, block, *buffer)) {
    ++walk->bad_guesses;
    return false;
  }
  ++walk->good_guesses;
  pgstat_count_buffer_read(relation);
  pgstat_count_buffer_hit(relation);
  return true;
}

Buffer ReadBlock(PageWalk *walk, BlockNumber block) {
  Buffer buffer;
  if (!ReadGuessed(walk, block, &buffer)) {
    buffer = ReadBufferExtended(walk->scan->rs_rd, MAIN_FORKNUM, block, RBM_NORMAL,
                                HeapOf(walk)->rs_strategy);
  }
  walk->last_read = buffer;
  return buffer;
}

inline void AddRow(PageRows *rows, Page page, ItemId item, OffsetNumber line, AttrNumber highest) {
  auto header = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
  const int at = rows->count++;
  rows->header[at] = header;
  rows->data[at] = reinterpret_cast<const char *>(header) + header->t_hoff;
  rows->line[at] = line;
  const bool irregular =
      (header->t_infomask & HEAP_HASNULL) != 0 || HeapTupleHeaderGetNatts(header) < highest;
  rows->is_irregular[at] = irregular;
  rows->any_irregular |= irregular;
  rows->any_external |= (header->t_infomask & HEAP_HASEXTERNAL) != 0;
}

// The next page's lines come into the cache while this page's are collected.
void CollectLines(PageWalk *walk, Page page, PageRows *rows) {
  const char *ahead = walk->ahead != InvalidBuffer ? BufferGetPage(walk->ahead) : nullptr;
  const int lines = PageGetMaxOffsetNumber(page);
  int fetched = 0;
  for (int line = FirstOffsetNumber; line <= lines; ++line) {
    if (ahead != nullptr && fetched < BLCKSZ) {
      __builtin_prefetch(ahead + fetched);
      fetched += kCacheLine;
    }
    const ItemId item = PageGetItemId(page, line);
    if (ItemIdIsNormal(item)) {
      AddRow(rows, page, item, static_cast<OffsetNumber>(line), walk->highest);
    }
  }
  if (ahead == nullptr) return;
  for (; fetched < BLCKSZ; fetched += kCacheLine) __builtin_prefetch(ahead + fetched);
}

void CountLines(Page page, PageRows *rows) {
  const int lines = PageGetMaxOffsetNumber(page);
  for (int line = FirstOffsetNumber; line <= lines; ++line) {
    rows->count += ItemIdIsNormal(PageGetItemId(page, line)) ? 1 : 0;
  }
}

// A page whose rows are visible to everybody. False: the page needs a check per row, and the pin
// is given back. Lines are collected under the lock, because a row inserted later is not for us;
// what they point at stays for as long as the pin does.
bool CollectDirectly(PageWalk *walk, HeapPage *page, PageRows *rows) {
  page->buffer = walk->ahead != InvalidBuffer ? walk->ahead : ReadBlock(walk, page->block);
  const bool looks_ahead = walk->source->needs_rows && walk->next != InvalidBlockNumber;
  walk->ahead = looks_ahead ? ReadBlock(walk, walk->next) : InvalidBuffer;
  if (walk->map != nullptr) PrefetchBlock(walk->map, walk->next + kFurtherAhead);
  page->page = BufferGetPage(page->buffer);
  LockBuffer(page->buffer, BUFFER_LOCK_SHARE);
  const bool is_direct = PageIsAllVisible(page->page);
  if (is_direct) {
    pg::CheckSnapshotAge(walk->scan, page->page);
    if (walk->source->needs_rows) {
      CollectLines(walk, page->page, rows);
    } else {
      CountLines(page->page, rows);
    }
  }
  LockBuffer(page->buffer, BUFFER_LOCK_UNLOCK);
  if (!is_direct) {
    ReleaseBuffer(page->buffer);
    return false;
  }
  page->is_pinned_here = true;
  ++walk->source->pages_direct;
  return true;
}

void CollectChecked(PageWalk *walk, HeapPage *page, PageRows *rows) {
  HeapScanDesc heap = HeapOf(walk);
  pg::LoadHeapPage(walk->scan, page->block);
  page->buffer = heap->rs_cbuf;
  page->page = BufferGetPage(page->buffer);
  page->is_pinned_here = false;
  ++walk->source->pages_checked;
  if (!walk->source->needs_rows) {
    rows->count = static_cast<int>(heap->rs_ntuples);
    return;
  }
  const int count = static_cast<int>(heap->rs_ntuples);
  for (int i = 0; i < count; ++i) {
    const OffsetNumber line = heap->rs_vistuples[i];
    AddRow(rows, page->page, PageGetItemId(page->page, line), line, walk->highest);
  }
}

}  // namespace

void BeginWalk(PageWalk *walk, TableScanDesc scan, Source *source) {
  *walk = PageWalk{};
  walk->scan = scan;
  walk->source = source;
  walk->context = GetMemoryChunkContext(source);
  walk->highest = HighestAttribute(source->set);
  walk->highest = Max(walk->highest, HighestAttribute(source->qual_set));
  // On a standby the page's flag alone is not proof, and a serializable transaction must see each
  // row to find its conflicts.
  walk->may_read_directly = !scan->rs_snapshot->takenDuringRecovery && !IsolationIsSerializable();
  walk->ahead = InvalidBuffer;
  walk->next = FirstBlock(walk);
}

bool NextPage(PageWalk *walk, HeapPage *page, PageRows *rows) {
  CHECK_FOR_INTERRUPTS();
  if (walk->next == InvalidBlockNumber) return false;
  rows->count = 0;
  rows->any_irregular = false;
  rows->any_external = false;
  page->block = walk->next;
  walk->next = AdvanceBlock(walk);
  if (!walk->may_read_directly || !CollectDirectly(walk, page, rows)) {
    CollectChecked(walk, page, rows);
  }
  if (walk->scan->rs_parallel == nullptr && (walk->scan->rs_flags & SO_ALLOW_SYNC) != 0) {
    ss_report_location(walk->scan->rs_rd, page->block);
  }
  return true;
}

void ReleasePage(HeapPage *page) {
  if (page->is_pinned_here) ReleaseBuffer(page->buffer);
}

void EndWalk(PageWalk *walk) {
  if (walk->ahead != InvalidBuffer) ReleaseBuffer(walk->ahead);
  walk->ahead = InvalidBuffer;
  FreeBufferMap(walk->map);
  walk->map = nullptr;
  HeapScanDesc heap = HeapOf(walk);
  if (BufferIsValid(heap->rs_cbuf)) ReleaseBuffer(heap->rs_cbuf);
  heap->rs_cbuf = InvalidBuffer;
}

}  // namespace weir::stream
