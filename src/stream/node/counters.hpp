// What the node counts for EXPLAIN ANALYZE, in one process or in several together.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "access/parallel.h"
#include "nodes/execnodes.h"
#include "storage/shm_toc.h"
}

namespace weir::stream {

struct AggregateScan;

struct Counters {
  int64 batches;
  int64 groups;
  int64 early_emissions;
  int64 restarts;
  int64 pages_direct;
  int64 pages_checked;
  int64 spilled_bytes;
  int64 spilled_partitions;
  Size peak_bytes;  // of the process that needed most
};

// This process and the workers that have reported.
Counters TotalCounters(const AggregateScan *scan);

// The callbacks of the executor by which workers report.
Size EstimateShared(CustomScanState *node, ParallelContext *context);
void InitializeShared(CustomScanState *node, ParallelContext *context, void *shared);
void ReinitializeShared(CustomScanState *node, ParallelContext *context, void *shared);
void InitializeWorker(CustomScanState *node, shm_toc *toc, void *shared);
void ShutdownScan(CustomScanState *node);

}  // namespace weir::stream
