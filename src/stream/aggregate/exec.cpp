// Begin, Exec, ReScan and End of the node: build groups, give them out, go on with what was
// spilled.
#include "stream/aggregate/call.hpp"
#include "stream/aggregate/explain.hpp"
#include "stream/aggregate/scan_setup.hpp"
#include "stream/node/node.hpp"
#include "stream/node/scan_state.hpp"
#include "stream/node/spill.hpp"

extern "C" {
#include "executor/executor.h"
#include "executor/instrument.h"
#include "executor/nodeHash.h"
#include "utils/float.h"
#include "utils/memutils.h"
}

#include "pg/boundary.hpp"
#include "pg/owned.hpp"

namespace weir::stream {
namespace {

AggregateScan *ScanOf(CustomScanState *node) { return reinterpret_cast<AggregateScan *>(node); }

void DropSpill(AggregateScan *scan) {
  if (scan->spill == nullptr) return;
  scan->spilled_bytes += SpilledBytes(scan->spill);
  scan->spilled_partitions += SpilledPartitions(scan->spill);
  DestroySpill(scan->spill);
  scan->spill = nullptr;
}

// An append whose parts are read directly is never called, and would show as never executed.
bool RunAll(AggregateScan *scan) {
  const bool is_bypassed = IsA(scan->child, AppendState) && scan->source_count > 0 &&
                           scan->sources[0]->child != scan->child;
  Instrumentation *bypassed = is_bypassed ? scan->child->instrument : nullptr;
  const int64 rows_before = scan->rows_in;
  if (bypassed != nullptr) InstrStartNode(bypassed);
  bool finished = true;
  for (int i = 0; i < scan->source_count && finished; ++i) {
    finished = RunSource(scan, scan->sources[i]);
  }
  if (bypassed != nullptr) {
    InstrStopNode(bypassed, static_cast<double>(scan->rows_in - rows_before));
  }
  return finished;
}

void RunSources(AggregateScan *scan) {
  for (;;) {
    DropSpill(scan);
    MemoryContextReset(scan->scan_context);
    StartAggregator(scan, get_hash_memory_limit(), scan->agg->numGroups);
    if (RunAll(scan)) return;
    ++scan->restarts;
    PlanStates(scan, true);
    ExecReScan(scan->child);
  }
}

// Aggregates the next spilled partition. False when none is left.
bool RunPartition(AggregateScan *scan) {
  if (scan->spill == nullptr || !NextPartition(scan->spill)) return false;
  const bool may_spill = MaySpillAgain(scan->spill);
  StartAggregator(scan, may_spill ? get_hash_memory_limit() : SIZE_MAX / 4, 0);
  core::Column *columns = SpillColumns(scan->spill);
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    const int count = ReadPartition(scan->spill, scan->partition_context);
    if (count == 0) break;
    ConsumeRows(scan, columns, count);
    for (int i = 0; i < scan->input_count; ++i) core::ResetColumn(columns[i], count);
    MemoryContextReset(scan->partition_context);
  }
  return true;
}

const std::byte *NextGroup(AggregateScan *scan) {
  for (;;) {
    const std::byte *row = scan->aggregator->groups().Next(scan->cursor);
    if (row != nullptr) return row;
    if (RunPartition(scan)) continue;
    if (scan->run.column < 0 || scan->run.is_finished) return nullptr;
    DropSpill(scan);
    RunWindows(scan);
  }
}

void BuildGroups(AggregateScan *scan) {
  if (scan->run.column < 0) {
    RunSources(scan);
    return;
  }
  DropSpill(scan);
  MemoryContextReset(scan->scan_context);
  MemoryContextReset(scan->batch_context);
  scan->run = OrderedRun{.column = scan->run.column, .resets = scan->run.resets};
  RunWindows(scan);
}

TupleTableSlot *ExecScan(CustomScanState *node) {
  AggregateScan *scan = ScanOf(node);
  ExprContext *econtext = node->ss.ps.ps_ExprContext;
  if (scan->phase == Phase::kBuild) {
    BuildGroups(scan);
    scan->phase = Phase::kEmit;
  }
  while (scan->phase == Phase::kEmit) {
    CHECK_FOR_INTERRUPTS();
    ResetExprContext(econtext);
    const std::byte *row = NextGroup(scan);
    if (row == nullptr) break;
    ++scan->groups_out;
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    MemoryContext old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
    EmitGroup(scan, row, slot);
    MemoryContextSwitchTo(old);
    econtext->ecxt_scantuple = slot;
    if (node->ss.ps.qual != nullptr && !ExecQual(node->ss.ps.qual, econtext)) {
      InstrCountFiltered1(node, 1);
      continue;
    }
    return node->ss.ps.ps_ProjInfo != nullptr ? ExecProject(node->ss.ps.ps_ProjInfo) : slot;
  }
  scan->phase = Phase::kDone;
  return nullptr;
}

void BeginScan(CustomScanState *node, EState *estate, int eflags) {
  ScanOf(node)->closes_runs = true;
  SetUpScan(ScanOf(node), estate, eflags);
}

void EndScan(CustomScanState *node) {
  AggregateScan *scan = ScanOf(node);
  DropSpill(scan);
  if (scan->groups_context != nullptr) MemoryContextDelete(scan->groups_context);
  scan->aggregator = nullptr;
  scan->groups_context = nullptr;
  if (scan->agg_state != nullptr) EndCalls(scan);
  ExecEndNode(scan->child);
}

// Parameters reach the children of a custom scan through us, and those of the stock node's own
// expressions belong to neither the scan nor its child.
void ReScan(CustomScanState *node) {
  AggregateScan *scan = ScanOf(node);
  PlanState *child = scan->child;
  Bitmapset *changed = node->ss.ps.chgParam;
  if (changed != nullptr) UpdateChangedParamSet(child, changed);
  const bool is_stale =
      child->chgParam != nullptr || bms_overlap(changed, scan->agg->plan.allParam);
  const bool has_result = scan->results_repeat && scan->phase != Phase::kBuild &&
                          scan->spill == nullptr && scan->run.column < 0;
  if (has_result && !is_stale) {
    scan->cursor = {};
    scan->phase = Phase::kEmit;
    return;
  }
  // A child whose parameters changed is restarted by its next call; sources read heap tables
  // without calling it.
  ExecReScan(child);
  scan->phase = Phase::kBuild;
}

}  // namespace

void StartAggregator(AggregateScan *scan, Size limit, double expected_groups) {
  MemoryContextReset(scan->groups_context);
  scan->aggregator = nullptr;
  scan->cursor = {};
  PrepareClasses(scan, limit);
  if (scan->calls != NIL) ResetCalls(scan);
  auto *resource = pg::MakeOwned<pg::ContextResource>(scan->groups_context, scan->groups_context);
  auto &memory = static_cast<std::pmr::memory_resource &>(*resource);
  const core::AggregatorPlan &plan = *scan->plan;
  scan->aggregator = pg::MakeOwned<core::HashAggregator>(scan->groups_context, memory, plan, limit,
                                                         expected_groups);
}

int PlaceRows(AggregateScan *scan, core::Column *columns, int count) {
  core::HashAggregator *aggregator = scan->aggregator;
  scan->rows_in += count;
  ++scan->batches;
  if (scan->has_classes) count = NumberRows(scan, columns, count);
  if (scan->has_classes || scan->calls != NIL) LimitGroups(scan);
  const int unplaced = pg::CallCore([&] { return aggregator->Place(columns, count); });
  if (unplaced == 0) return count;
  if (scan->spill == nullptr) {
    scan->spill = MakeSpill(scan->css.ss.ps.state->es_query_cxt, scan->input_count, columns);
  }
  SpillUnplaced(scan->spill, aggregator, columns, count);
  return aggregator->DropUnplaced(columns, count);
}

bool ConsumeRows(AggregateScan *scan, core::Column *columns, int count) {
  core::HashAggregator *aggregator = scan->aggregator;
  if (aggregator->IsSuspect(columns, count)) return false;
  count = PlaceRows(scan, columns, count);
  const core::UpdateStatus status =
      pg::CallCore([&] { return aggregator->Update(columns, count); });
  scan->peak_bytes = Max(scan->peak_bytes, MemoryInUse(scan));
  if (status == core::UpdateStatus::kFloatOverflow) float_overflow_error();
  if (scan->calls != NIL) RunCalls(scan, columns, count);
  return true;
}

Node *CreateAggregateScan(CustomScan *) {
  auto *scan = static_cast<AggregateScan *>(palloc0(sizeof(AggregateScan)));
  NodeSetTag(scan, T_CustomScanState);
  scan->css.methods = &kExecMethods;
  return reinterpret_cast<Node *>(scan);
}

const CustomExecMethods kExecMethods = {
    .CustomName = kNodeName,
    .BeginCustomScan = BeginScan,
    .ExecCustomScan = ExecScan,
    .EndCustomScan = EndScan,
    .ReScanCustomScan = ReScan,
    .EstimateDSMCustomScan = EstimateShared,
    .InitializeDSMCustomScan = InitializeShared,
    .ReInitializeDSMCustomScan = ReinitializeShared,
    .InitializeWorkerCustomScan = InitializeWorker,
    .ShutdownCustomScan = ShutdownScan,
    .ExplainCustomScan = ExplainScan,
};

}  // namespace weir::stream
