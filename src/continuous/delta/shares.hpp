// What the lanes of one step share: the step's range, and which pages are still to be read.
#pragma once

#include "continuous/delta/delta.hpp"
#include "continuous/shared/progress.hpp"
#include "core/shared/shared_layout.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "storage/block.h"
}

namespace weir::continuous {

// Pages are taken in runs of this many: enough for the disk to read ahead, few enough for lanes to
// end at about the same time.
inline constexpr BlockNumber kStripeBlocks = 128;

// A table whose pages are read by whichever lane comes first.
struct SharedSource {
  Oid relation;
  core::SharedU32 next_stripe;
};

struct Shares {
  Tick tick;
  ProgressPlace *progress;  // of the leader, in the server's shared memory; may be null

  // Sums over the helpers, which add to them at their end.
  core::SharedU64 rows_found;
  core::SharedU64 rows_again;
  core::SharedU64 pages_read;
  core::SharedU64 pages_skipped;

  int source_count;
  SharedSource sources[FLEXIBLE_ARRAY_MEMBER];
};

Size BytesOfShares(int source_count);

// From here to LeaveShares(), or to the end of the transaction, scans of new rows in this process
// take their pages from `shares`.
void JoinShares(Shares *shares);
void LeaveShares();

// In a step in lanes: where to get pages of that table from. In any other, null.
core::SharedU32 *StripesOf(Oid relation);
bool IsInLanes();

}  // namespace weir::continuous
