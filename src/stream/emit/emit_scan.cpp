#include "stream/emit/emit_scan.hpp"

#include "stream/aggregate/scan_setup.hpp"
#include "stream/emit/emit_node.hpp"
#include "stream/node/spill.hpp"

extern "C" {
#include "access/tableam.h"
#include "executor/executor.h"
#include "executor/nodeHash.h"
#include "utils/float.h"
#include "utils/memutils.h"
}

#include "pg/boundary.hpp"

namespace weir::stream {
namespace {

EmitScan *ScanOf(CustomScanState *node) { return reinterpret_cast<EmitScan *>(node); }

bool HasWindows(const EmitScan *scan) { return scan->window_column >= 0; }

// Windows exist while the input is read; what was spilled is aggregated as a whole.
bool ReadsWindows(const EmitScan *scan) {
  return HasWindows(scan) && scan->stage == EmitStage::kInput;
}

void CheckStatus(core::UpdateStatus status) {
  if (status == core::UpdateStatus::kFloatOverflow) float_overflow_error();
}

void StartInput(EmitScan *scan) {
  AggregateScan *base = &scan->base;
  MemoryContextReset(base->scan_context);
  if (HasWindows(scan)) {
    StartWindows(base, &scan->windows);
  } else {
    StartAggregator(base, get_hash_memory_limit(), base->agg->numGroups);
  }
  scan->watermark = core::Watermark(scan->window, scan->lateness, scan->keeps_infinity);
  scan->source = -1;
  scan->stage = EmitStage::kInput;
}

bool ReadSources(EmitScan *scan) {
  AggregateScan *base = &scan->base;
  for (;;) {
    if (scan->source >= 0 && scan->source < base->source_count) {
      Source *source = base->sources[scan->source];
      scan->columns = source->set->columns;
      scan->batch_count = ReadBatch(base, source);
      if (scan->batch_count > 0) return true;
      EndPass(source);
    }
    if (scan->source >= base->source_count || ++scan->source == base->source_count) return false;
    BeginPass(base, base->sources[scan->source]);
  }
}

// A scan that joins another one in the middle of a table would bring the first rows last.
bool ReadInput(EmitScan *scan) {
  const bool saved = synchronize_seqscans;
  volatile bool result = false;
  synchronize_seqscans = false;
  PG_TRY();
  { result = ReadSources(scan); }
  PG_FINALLY();
  { synchronize_seqscans = saved; }
  PG_END_TRY();
  return result;
}

void ReleaseRows(EmitScan *scan) {
  AggregateScan *base = &scan->base;
  if (scan->batch_count == 0) return;
  if (scan->stage == EmitStage::kInput) {
    ReleaseBatch(base, base->sources[scan->source]);
  } else {
    for (int i = 0; i < base->input_count; ++i) {
      core::ResetColumn(scan->columns[i], scan->batch_count);
    }
    MemoryContextReset(base->batch_context);
  }
  scan->batch_count = 0;
  scan->batch_at = 0;
}

bool StartPartition(EmitScan *scan) {
  AggregateScan *base = &scan->base;
  if (base->spill == nullptr || !NextPartition(base->spill)) return false;
  const bool may_spill = MaySpillAgain(base->spill);
  StartAggregator(base, may_spill ? get_hash_memory_limit() : SIZE_MAX / 4, 0);
  return true;
}

bool ReadSpilled(EmitScan *scan) {
  AggregateScan *base = &scan->base;
  scan->columns = SpillColumns(base->spill);
  scan->batch_count = ReadPartition(base->spill, base->batch_context);
  return scan->batch_count > 0;
}

void GiveOut(EmitScan *scan, core::HashAggregator *aggregator, bool of_window) {
  scan->giving = aggregator;
  scan->given = {};
  scan->gives_window = of_window;
}

// After the last row of the input or of a spilled partition.
void FinishPart(EmitScan *scan) {
  const bool is_final = scan->mode == EmitMode::kFinal;
  const bool had_windows = ReadsWindows(scan);
  if (!had_windows) scan->base.groups_out += scan->base.aggregator->groups().count();
  scan->stage = EmitStage::kSpilled;
  if (is_final && !had_windows) GiveOut(scan, scan->base.aggregator, false);
}

void WarnOfDropped(const EmitScan *scan) {
  if (scan->dropped_rows == 0) return;
  ereport(WARNING, errcode(ERRCODE_WARNING),
          errmsg_plural("%lld late row was dropped", "%lld late rows were dropped",
                        static_cast<unsigned long>(scan->dropped_rows),
                        static_cast<long long>(scan->dropped_rows)),
          errhint("Give a greater lateness, or late => 'update'."));
}

// Puts the rows [from, to) of the batch at the front of the run's columns.
void TakeColumns(EmitScan *scan, int from) {
  for (int i = 0; i < scan->base.input_count; ++i) {
    scan->run[i] = core::Skip(scan->columns[i], from);
  }
}

void AddRows(EmitScan *scan, int count, bool one_by_one) {
  AggregateScan *base = &scan->base;
  if (!one_by_one) {
    ConsumeRows(base, scan->run, count);
    return;
  }
  scan->run_count = PlaceRows(base, scan->run, count);
  scan->run_at = 0;
}

void DropLate(EmitScan *scan, int count) { scan->dropped_rows += count; }

// The next rows of the batch that belong to one window.
void TakeWindowRun(EmitScan *scan) {
  AggregateScan *base = &scan->base;
  const int from = scan->batch_at;
  const core::Column &starts = scan->columns[scan->window_column];
  const core::Watermark::Run run =
      scan->watermark.NextRun(starts, scan->columns[base->time_column], from, scan->batch_count);
  const int count = run.end - from;
  scan->batch_at = run.end;
  if (run.is_late) scan->late_rows += count;
  if (run.is_late && !scan->revises) return DropLate(scan, count);
  OpenWindow *window =
      FindWindow(base, &scan->windows, starts.word[from], starts.null[from] != 0, run.is_late);
  if (window == nullptr || (run.is_late && window->context == nullptr)) {
    return DropLate(scan, count);
  }
  TakeColumns(scan, from);
  base->aggregator = window->aggregator;
  LendMemory(&scan->windows, window);
  AddRows(scan, count, scan->mode == EmitMode::kChanges || run.is_late);
  CountMemory(&scan->windows, window);
  base->peak_bytes = Max(base->peak_bytes, scan->windows.bytes);
}

void TakeRun(EmitScan *scan) {
  if (ReadsWindows(scan)) return TakeWindowRun(scan);
  const int from = scan->batch_at;
  scan->batch_at = scan->batch_count;
  TakeColumns(scan, from);
  AddRows(scan, scan->batch_count - from, scan->mode == EmitMode::kChanges);
}

// Deals with one closed window. False when there is none.
bool CloseWindow(EmitScan *scan, int64 bound) {
  OpenWindow *window = FirstOpen(&scan->windows, bound);
  if (window == nullptr) return false;
  ++scan->windows_closed;
  if (window->context != nullptr) scan->base.groups_out += window->aggregator->groups().count();
  if (scan->mode == EmitMode::kFinal && window->context != nullptr) {
    GiveOut(scan, window->aggregator, true);
  } else {
    SettleFirst(&scan->windows, scan->revises);
  }
  return true;
}

// Gives the next group of a closed window, of a partition, or of the end.
const std::byte *NextGiven(EmitScan *scan) {
  if (scan->giving == nullptr) return nullptr;
  const std::byte *row = scan->giving->groups().Next(scan->given);
  if (row != nullptr) return row;
  scan->giving = nullptr;
  if (scan->gives_window) SettleFirst(&scan->windows, scan->revises);
  return nullptr;
}

// Updates one row's group and returns it.
const std::byte *StepRow(EmitScan *scan) {
  const int row = scan->run_at++;
  core::HashAggregator *aggregator = scan->base.aggregator;
  const core::Column *columns = scan->run;
  CheckStatus(pg::CallCore([&] { return aggregator->UpdateRow(columns, row); }));
  return aggregator->group_of(row);
}

// Reads on; at the end of the input closes all windows, then goes on with what was spilled. False
// when nothing is left.
bool Proceed(EmitScan *scan) {
  ReleaseRows(scan);
  if (scan->stage == EmitStage::kInput) {
    if (ReadInput(scan)) return true;
    if (HasWindows(scan) && CloseWindow(scan, PG_INT64_MAX)) return true;
    FinishPart(scan);
    WarnOfDropped(scan);
    return true;
  }
  if (scan->base.spill != nullptr && scan->is_in_partition) {
    if (ReadSpilled(scan)) return true;
    scan->is_in_partition = false;
    FinishPart(scan);
    return true;
  }
  scan->is_in_partition = StartPartition(scan);
  return scan->is_in_partition;
}

const std::byte *NextGroup(EmitScan *scan) {
  for (;;) {
    if (scan->run_at < scan->run_count) return StepRow(scan);
    const std::byte *row = NextGiven(scan);
    if (row != nullptr) return row;
    if (ReadsWindows(scan) && CloseWindow(scan, scan->watermark.closed_before())) continue;
    if (scan->batch_at < scan->batch_count) {
      TakeRun(scan);
    } else if (!Proceed(scan)) {
      return nullptr;
    }
  }
}

TupleTableSlot *ExecEmit(CustomScanState *node) {
  EmitScan *scan = ScanOf(node);
  ExprContext *econtext = node->ss.ps.ps_ExprContext;
  if (scan->stage == EmitStage::kStart) StartInput(scan);
  while (scan->stage != EmitStage::kDone) {
    CHECK_FOR_INTERRUPTS();
    ResetExprContext(econtext);
    const std::byte *row = NextGroup(scan);
    if (row == nullptr) break;
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    MemoryContext old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
    EmitGroup(&scan->base, row, slot);
    MemoryContextSwitchTo(old);
    econtext->ecxt_scantuple = slot;
    if (node->ss.ps.qual != nullptr && !ExecQual(node->ss.ps.qual, econtext)) {
      InstrCountFiltered1(node, 1);
      continue;
    }
    return node->ss.ps.ps_ProjInfo != nullptr ? ExecProject(node->ss.ps.ps_ProjInfo) : slot;
  }
  scan->stage = EmitStage::kDone;
  return nullptr;
}

int64 NumberAt(List *list, EmitPrivate position) {
  return DatumGetInt64(list_nth_node(Const, list, position)->constvalue);
}

void ReadPrivate(EmitScan *scan, List *list) {
  scan->mode = static_cast<EmitMode>(NumberAt(list, kEmitMode));
  scan->revises = NumberAt(list, kEmitRevises) != 0;
  scan->window_column = -1;
  if (NumberAt(list, kEmitWindowKey) < 0) return;
  scan->base.time_attribute = static_cast<AttrNumber>(NumberAt(list, kEmitTimeAttribute));
  scan->lateness = NumberAt(list, kEmitLateness);
  scan->window = {NumberAt(list, kEmitWidth), NumberAt(list, kEmitOrigin),
                  NumberAt(list, kEmitLowest)};
  scan->keeps_infinity = NumberAt(list, kEmitKeepsInfinity) != 0;
}

void BeginScan(CustomScanState *node, EState *state, int flags) {
  EmitScan *scan = ScanOf(node);
  List *list = reinterpret_cast<CustomScan *>(node->ss.ps.plan)->custom_private;
  ReadPrivate(scan, list);
  SetUpScan(&scan->base, state, flags);
  if ((flags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
  // What was given out cannot be taken back, so nothing is ever started over.
  PlanStates(&scan->base, true);
  const int64 key = NumberAt(list, kEmitWindowKey);
  if (key >= 0) scan->window_column = scan->base.plan->layout.key_column[key];
}

void Stop(EmitScan *scan) {
  AggregateScan *base = &scan->base;
  for (int i = 0; i < base->source_count; ++i) EndPass(base->sources[i]);
  if (scan->batch_count > 0) ReleaseRows(scan);
  if (base->spill != nullptr) DestroySpill(base->spill);
  base->spill = nullptr;
  scan->stage = EmitStage::kStart;
  scan->is_in_partition = false;
  scan->giving = nullptr;
  scan->run_at = scan->run_count = 0;
  scan->late_rows = scan->dropped_rows = 0;
}

void EndScan(CustomScanState *node) {
  EmitScan *scan = ScanOf(node);
  Stop(scan);
  if (scan->base.groups_context != nullptr) MemoryContextDelete(scan->base.groups_context);
  scan->base.groups_context = nullptr;
  ExecEndNode(scan->base.child);
}

void ReScan(CustomScanState *node) {
  EmitScan *scan = ScanOf(node);
  Stop(scan);
  PlanState *child = scan->base.child;
  if (node->ss.ps.chgParam != nullptr) UpdateChangedParamSet(child, node->ss.ps.chgParam);
  ExecReScan(child);
}

const CustomExecMethods kEmitExecMethods = {
    .CustomName = kEmitNodeName,
    .BeginCustomScan = BeginScan,
    .ExecCustomScan = ExecEmit,
    .EndCustomScan = EndScan,
    .ReScanCustomScan = ReScan,
    .ExplainCustomScan = ExplainEmit,
};

}  // namespace

Node *CreateEmitScan(CustomScan *) {
  auto *scan = static_cast<EmitScan *>(palloc0(sizeof(EmitScan)));
  NodeSetTag(scan, T_CustomScanState);
  scan->base.css.methods = &kEmitExecMethods;
  return reinterpret_cast<Node *>(scan);
}

}  // namespace weir::stream
