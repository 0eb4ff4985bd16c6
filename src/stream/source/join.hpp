// Joins a heap table to small tables while its pages are read.
//
// Where rows of a sequential scan meet at most one row each of a hash join's inner table, by one
// integer or time, the join is a condition and a few more columns: the inner table is read into
// columns, and the scan's rows look theirs up a page at a time. The server's nodes of the join are
// not run then; they are ready should the inner table turn out to hold a key twice, or too much.
#pragma once

#include "core/group/key_index.hpp"
#include "core/group/row_layout.hpp"
#include "pg/pg.hpp"
#include "stream/column/decode.hpp"
#include "stream/node/source.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace weir::stream {

inline constexpr int kMaxJoins = 4;

// A column of the inner table that the node reads.
struct JoinColumn {
  int column;  // of the source's set
  AttrNumber attribute;
  Encoding encoding;
  int length;
  core::Column values;  // by number of the inner row
};

struct TableJoin {
  HashJoinState *state;
  HashState *hash;
  int key_column;  // of the source's conditions
  AttrNumber inner_key;
  Encoding inner_encoding;
  int column_count;
  JoinColumn columns[core::kMaxColumns];

  bool was_read;
  MemoryContext context;
  int rows;
  int capacity;
  int64 *keys;
  core::KeyIndex index;
  int64 passed;                        // rows of the batch that met one
  uint32 match[MaxHeapTuplesPerPage];  // the inner row of each row of the page
};

// A source over the pages of the outermost table, or null when the join must run as it is.
Source *MakeJoinSource(AggregateScan *scan, HashJoinState *child);

// Reads the inner tables for a pass. False: the joins must run as they are, and have been rewound.
bool ReadInnerTables(AggregateScan *scan, Source *source);

// Drops rows without a partner from `kept`, a list of rows of the page.
int KeepJoined(Source *source, uint16 *kept, int count);

// The page's rows become those listed in `kept`, a list in their order.
void MovePartners(Source *source, const uint16 *kept, int count);

// Fills the inner tables' columns for the page's rows, from row `at` of the batch on.
void FillPartners(Source *source, int at, int count);

// Around each batch: the joins' nodes show what passed them.
void StartJoins(Source *source);
void StopJoins(Source *source);

}  // namespace weir::stream
