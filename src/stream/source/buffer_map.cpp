#include "stream/source/buffer_map.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
}

namespace weir::stream {
namespace {

// A header costs some nanoseconds to look at, a search half a microsecond.
constexpr int kHeadersPerBlock = 64;
// Beyond this share of all buffers the server reads a table through a ring of few.
constexpr int kLargeTable = 4;

}  // namespace

Likeness LooksLike(Buffer buffer, Relation relation, BlockNumber block) {
  if (buffer <= 0 || buffer > NBuffers) return Likeness::kOther;
  BufferDesc *header = GetBufferDescriptor(static_cast<uint32>(buffer - 1));
  if (header->tag.blockNum != block || !pg::IsMainForkOf(header->tag, pg::LocatorOf(relation))) {
    return Likeness::kOther;
  }
  const uint32 state = pg_atomic_read_u32(&header->state);
  return BUF_STATE_GET_USAGECOUNT(state) == 0 ? Likeness::kUnused : Likeness::kSame;
}

// Headers are read without their locks, so what is found may be wrong: whoever uses it asks the
// buffer again once it is pinned.
BufferMap *MakeBufferMap(Relation relation, BlockNumber blocks, MemoryContext context) {
  const auto buffers = static_cast<BlockNumber>(NBuffers);
  if (blocks < buffers / kHeadersPerBlock || blocks > buffers / kLargeTable) return nullptr;
  auto *map = static_cast<BufferMap *>(MemoryContextAlloc(context, sizeof(BufferMap)));
  map->blocks = blocks;
  map->buffer = static_cast<Buffer *>(MemoryContextAllocZero(context, blocks * sizeof(Buffer)));
  const auto locator = pg::LocatorOf(relation);
  for (BlockNumber i = 0; i < buffers; ++i) {
    const BufferDesc *header = GetBufferDescriptor(i);
    if (header->tag.blockNum >= blocks || !pg::IsMainForkOf(header->tag, locator)) continue;
    map->buffer[header->tag.blockNum] = static_cast<Buffer>(i) + 1;
  }
  return map;
}

void FreeBufferMap(BufferMap *map) {
  if (map == nullptr) return;
  pfree(map->buffer);
  pfree(map);
}

// A page has its line pointers at the front, and the rows of the first ones at the end.
void PrefetchBlock(const BufferMap *map, BlockNumber block) {
  if (map == nullptr || block >= map->blocks || map->buffer[block] == InvalidBuffer) return;
  const Buffer buffer = map->buffer[block];
  __builtin_prefetch(GetBufferDescriptor(static_cast<uint32>(buffer - 1)));
  const char *page = BufferGetPage(buffer);
  __builtin_prefetch(page);
  __builtin_prefetch(page + BLCKSZ - 64);
}

}  // namespace weir::stream
