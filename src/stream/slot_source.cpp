// Rows of any child plan, through its slots.
#include "stream/scan_state.hpp"

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

int FillBatch(AggregateScan *scan, Source *source, bool *is_last) {
  ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;
  ColumnSet *set = source->set;
  const AttrNumber highest = HighestAttribute(set);
  int count = 0;
  CHECK_FOR_INTERRUPTS();
  while (!IsBatchFull(scan->batch_context, count)) {
    TupleTableSlot *slot = ExecProcNode(source->child);
    if (TupIsNull(slot)) {
      *is_last = true;
      break;
    }
    if (highest > 0) slot_getsomeattrs(slot, highest);
    EncodeBases(set, count, slot, scan->batch_context);
    if (set->row_count > 0) {
      ResetExprContext(econtext);
      econtext->ecxt_outertuple = slot;
      EvaluateRowColumns(set, count, econtext, scan->batch_context);
    }
    ++count;
  }
  return count;
}

bool ConsumeBatch(AggregateScan *scan, Source *source, int count) {
  RunColumnSteps(source->set, count);
  const bool goes_on = ConsumeRows(scan, source->set->columns, count);
  ResetColumns(source->set, count);
  MemoryContextReset(scan->batch_context);
  return goes_on;
}

bool RunSource(AggregateScan *scan, Source *source) {
  ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;
  PrepareConstants(source->set, econtext, scan->scan_context);
  if (source->is_heap) return RunHeapSource(scan, source);
  bool is_last = false;
  while (!is_last) {
    const int count = FillBatch(scan, source, &is_last);
    if (count > 0 && !ConsumeBatch(scan, source, count)) return false;
  }
  return true;
}

}  // namespace weir::stream
