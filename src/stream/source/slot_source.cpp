// Rows of any child plan, through its slots.
#include "stream/node/scan_state.hpp"
#include "stream/source/join.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace weir::stream {
namespace {

void EncodeBases(ColumnSet *set, int row, TupleTableSlot *slot, MemoryContext context) {
  for (int i = 0; i < set->base_count; ++i) {
    const BaseColumn &base = set->bases[i];
    core::Column *column = &set->columns[base.column];
    if (slot->tts_isnull[base.attribute - 1]) {
      EncodeNull(column, row);
    } else {
      EncodeDatum(column, row, base.physical, base.length, slot->tts_values[base.attribute - 1],
                  context);
    }
  }
}

int ReadSlotBatch(AggregateScan *scan, Source *source) {
  ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;
  ColumnSet *set = source->set;
  const AttrNumber highest = HighestAttribute(set);
  int count = 0;
  do {
    TupleTableSlot *slot = ExecProcNode(source->child);
    if (TupIsNull(slot)) {
      source->is_exhausted = true;
      break;
    }
    if (highest > 0) slot_getsomeattrs(slot, highest);
    EncodeBases(set, count, slot, scan->batch_context);
    if (set->row_count > 0) {
      ResetExprContext(econtext);
      econtext->ecxt_outertuple = slot;
      EvaluateRowColumns(set, count, econtext, scan->batch_context);
    }
  } while (!IsBatchFull(scan->batch_context, ++count));
  CHECK_FOR_INTERRUPTS();
  return count;
}

}  // namespace

Source *MakeSlotSource(AggregateScan *scan, PlanState *child) {
  auto *source = static_cast<Source *>(palloc0(sizeof(Source)));
  source->child = child;
  source->set = MakeColumnSet(OUTER_VAR, &scan->css.ss.ps);
  for (int i = 0; i < scan->input_count; ++i) {
    AddColumn(source->set, scan->inputs[i].expression, scan->inputs[i].encoding);
  }
  for (int i = 0; i < scan->input_count; ++i) {
    FillColumn(source->set, i, scan->inputs[i].expression, scan->inputs[i].encoding);
  }
  return source;
}

void BeginPass(AggregateScan *scan, Source *source) {
  source->is_exhausted = false;
  // From here on for good: what did not fit once is not tried again.
  if (source->join_count > 0 && !ReadInnerTables(scan, source)) *source = *source->instead;
  PrepareConstants(source->set, scan->css.ss.ps.ps_ExprContext, scan->scan_context);
  if (source->is_heap) BeginHeapPass(scan, source);
}

void EndPass(Source *source) {
  if (source->pass != nullptr) EndHeapPass(source);
}

int ReadBatch(AggregateScan *scan, Source *source) {
  if (source->is_exhausted) return 0;
  const int count = source->is_heap ? ReadHeapBatch(scan, source) : ReadSlotBatch(scan, source);
  if (count > 0) RunColumnSteps(source->set, count);
  return count;
}

void ReleaseBatch(AggregateScan *scan, Source *source, int count) {
  ResetColumns(source->set, count);
  MemoryContextReset(scan->batch_context);
}

bool RunSource(AggregateScan *scan, Source *source) {
  BeginPass(scan, source);
  bool goes_on = true;
  while (goes_on) {
    const int count = ReadBatch(scan, source);
    if (count == 0) break;
    goes_on = ConsumeRows(scan, source->set->columns, count);
    ReleaseBatch(scan, source, count);
  }
  EndPass(source);
  return goes_on;
}

}  // namespace weir::stream
