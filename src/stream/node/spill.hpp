// Rows whose groups found no memory, kept in temporary files by hash until the groups in memory
// have been given out.
//
// A group is either in memory from its first row or spilled from its first row, and a file keeps
// the order of its rows, so every group sees its rows in input order: float sums come out the same.
#pragma once

#include "pg/pg.hpp"
#include "stream/node/scan_state.hpp"

namespace weir::stream {

SpillState *MakeSpill(MemoryContext parent, int column_count, const core::Column *like);
void DestroySpill(SpillState *spill);

// Writes the rows of the batch that the aggregator did not place.
void SpillUnplaced(SpillState *spill, const core::HashAggregator *aggregator,
                   const core::Column *columns, int count);

// Writes one row; all rows of a group come with the same hash.
void SpillRow(SpillState *spill, const core::Column *columns, int row, uint64 hash);

// Closes the files being written and opens the next one for reading. False when there are none.
bool NextPartition(SpillState *spill);

// Whether the partition being read may spill again; one that has been split too often must fit.
bool MaySpillAgain(const SpillState *spill);

// Reads up to a batch of rows; zero at the end of the partition. Long values are made in `context`.
int ReadPartition(SpillState *spill, MemoryContext context);
core::Column *SpillColumns(SpillState *spill);

int64 SpilledBytes(const SpillState *spill);
int64 SpilledPartitions(const SpillState *spill);

}  // namespace weir::stream
