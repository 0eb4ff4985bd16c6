#include "stream/node/counters.hpp"

#include "stream/node/scan_state.hpp"
#include "stream/node/spill.hpp"

namespace weir::stream {

// One entry a worker, which alone writes it, before it closes its queue of tuples; the leader reads
// it once the queue is closed.
struct SharedCounters {
  int worker_count;
  Counters workers[FLEXIBLE_ARRAY_MEMBER];
};

namespace {

AggregateScan *ScanOf(CustomScanState *node) { return reinterpret_cast<AggregateScan *>(node); }

Counters OwnCounters(const AggregateScan *scan) {
  Counters own{};
  own.batches = scan->batches;
  own.groups = scan->groups_out;
  own.early_emissions = scan->run.resets;
  own.restarts = scan->restarts;
  own.spilled_bytes = scan->spilled_bytes;
  own.spilled_partitions = scan->spilled_partitions;
  if (scan->spill != nullptr) {
    own.spilled_bytes += SpilledBytes(scan->spill);
    own.spilled_partitions += SpilledPartitions(scan->spill);
  }
  for (int i = 0; i < scan->source_count; ++i) {
    own.pages_direct += scan->sources[i]->pages_direct;
    own.pages_checked += scan->sources[i]->pages_checked;
  }
  own.peak_bytes = scan->peak_bytes;
  return own;
}

void Fold(Counters *total, const Counters &more) {
  total->batches += more.batches;
  total->groups += more.groups;
  total->early_emissions += more.early_emissions;
  total->restarts += more.restarts;
  total->pages_direct += more.pages_direct;
  total->pages_checked += more.pages_checked;
  total->spilled_bytes += more.spilled_bytes;
  total->spilled_partitions += more.spilled_partitions;
  total->peak_bytes = Max(total->peak_bytes, more.peak_bytes);
}

// Takes over what the workers of the last round wrote.
void Collect(AggregateScan *scan) {
  SharedCounters *shared = scan->shared;
  for (int i = 0; i < shared->worker_count; ++i) {
    Fold(&scan->from_workers, shared->workers[i]);
    shared->workers[i] = Counters{};
  }
}

}  // namespace

Counters TotalCounters(const AggregateScan *scan) {
  Counters total = OwnCounters(scan);
  Fold(&total, scan->from_workers);
  return total;
}

Size EstimateShared(CustomScanState *, ParallelContext *context) {
  return offsetof(SharedCounters, workers) +
         sizeof(Counters) * static_cast<Size>(context->nworkers);
}

void InitializeShared(CustomScanState *node, ParallelContext *context, void *shared) {
  memset(shared, 0, EstimateShared(node, context));
  ScanOf(node)->shared = static_cast<SharedCounters *>(shared);
  ScanOf(node)->shared->worker_count = context->nworkers;
}

void ReinitializeShared(CustomScanState *node, ParallelContext *, void *) { Collect(ScanOf(node)); }

void InitializeWorker(CustomScanState *node, shm_toc *, void *shared) {
  ScanOf(node)->shared = static_cast<SharedCounters *>(shared);
}

// Called before the shared memory goes.
void ShutdownScan(CustomScanState *node) {
  AggregateScan *scan = ScanOf(node);
  if (scan->shared == nullptr) return;
  if (IsParallelWorker()) {
    scan->shared->workers[ParallelWorkerNumber] = OwnCounters(scan);
  } else {
    Collect(scan);
  }
  scan->shared = nullptr;
}

}  // namespace weir::stream
