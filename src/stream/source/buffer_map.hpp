// Where the blocks of a table lie in shared buffers: a guess, made in one pass over the buffers'
// headers, which spares a search per block in the table of buffers.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "storage/block.h"
#include "storage/buf.h"
#include "utils/rel.h"
}

namespace weir::stream {

struct BufferMap {
  BlockNumber blocks;
  Buffer *buffer;  // of each block; InvalidBuffer where none was seen
};

// Null when looking at all buffers would cost more than it spares, for small tables, or when the
// table is so large that its blocks pass through few buffers.
BufferMap *MakeBufferMap(Relation relation, BlockNumber blocks, MemoryContext context);
void FreeBufferMap(BufferMap *map);

inline Buffer BufferOf(const BufferMap *map, BlockNumber block) {
  return block < map->blocks ? map->buffer[block] : InvalidBuffer;
}

enum class Likeness : uint8 {
  kSame,
  kOther,
  kUnused,  // holds the block, but would be the next to be given away unless it is read as usual
};

// Whether a buffer seems to hold the block, without its lock.
Likeness LooksLike(Buffer buffer, Relation relation, BlockNumber block);

// Brings what reading the block begins with into the cache.
void PrefetchBlock(const BufferMap *map, BlockNumber block);

}  // namespace weir::stream
