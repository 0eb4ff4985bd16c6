// Which rows are new: the rule for one row, and the walk over the pages that may hold some.
#pragma once

#include <atomic>
#include <cstdint>

#include "pg/pg.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xlogdefs.h"
#include "storage/bufmgr.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
}

namespace weir::continuous {

struct Arrival;
struct ProgressPlace;

// A row is new when it is a first version, not one made by UPDATE, and its xmin lies in the range,
// whatever its xmax. A tick's range is [h0, h1), in which every transaction has ended; a reader's
// starts at h0 and holds what its snapshot sees.
struct NewRange {
  FullTransactionId h0;
  FullTransactionId h1;  // ticks only
  Snapshot snapshot;     // readers only; null for ticks
  FullTransactionId next;
  FullTransactionId rewritten_by;  // its rows are copies of consumed ones; may be invalid
  bool
      takes_frozen;  // rows may be frozen already that are not consumed, as COPY FREEZE leaves them
  bool trusts_map;
  XLogRecPtr lsn_low;
  FullTransactionId seen;  // rows below it were found before

  bool is_absent;          // nothing is new in a table that has come too late for this range
  const Arrival *arrival;  // or null; of a table that has come with rows, all of it is new: what
                           // was there, and what was inserted since
};

// What a walk has done.
struct WalkCounts {
  int64 pages_read;
  int64 skipped_by_map;
  int64 skipped_by_lsn;
  int64 rows;
  int64 rows_again;  // of those, the ones that were found before
};

struct NewRowWalk {
  Relation relation;
  NewRange range;
  WalkCounts counts;
  BufferAccessStrategy strategy;
  BlockNumber blocks;
  BlockNumber next_block;
  std::atomic<std::uint32_t> *stripes;  // pages are taken in runs, shared with other processes
  BlockNumber stripe_end;
  OffsetNumber first_line;  // of each page
  OffsetNumber last_line;
  ProgressPlace *progress;  // of the step, if any
  Buffer map;

  // The present page, pinned: its new rows' lines.
  Buffer buffer;
  BlockNumber block;
  int count;
  OffsetNumber lines[MaxHeapTuplesPerPage];

  // The rule's numbers as distances from `next`, which wrap like ids do.
  uint32 age_h0;
  uint32 age_h1;
  uint32 age_seen;
  uint32 age_counted;
  TransactionId known_xid;  // whose end was asked for last
  bool known_committed;
  bool checks_conflicts;  // serializable readers
};

void BeginNewRows(NewRowWalk *walk, Relation relation, const NewRange &range);

// Moves to the next page with new rows. False after the last page.
bool NextNewRows(NewRowWalk *walk);

void EndNewRows(NewRowWalk *walk);

}  // namespace weir::continuous
