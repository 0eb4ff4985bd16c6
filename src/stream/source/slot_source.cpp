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
  do {
    TupleTableSlot *slot = ExecProcNode(source->child);
    if (TupIsNull(slot)) {
      source->is_exhausted = true;
      break;
    }
    if (highest > 0) slot_getsomeattrs(slot, highest);
    EncodeBases(set, source->rows_filled, slot, scan->batch_context);
    if (set->row_count > 0) {
      ResetExprContext(econtext);
      econtext->ecxt_outertuple = slot;
      EvaluateRowColumns(set, source->rows_filled, econtext, scan->batch_context);
    }
  } while (!IsBatchFull(scan->batch_context, ++source->rows_filled));
  CHECK_FOR_INTERRUPTS();
  return source->rows_filled;
}

int FillRows(AggregateScan *scan, Source *source) {
  source->rows_filled = 0;
  return source->is_heap ? ReadHeapBatch(scan, source) : ReadSlotBatch(scan, source);
}

// Whether an error comes from values, and not from somebody who interrupts or a lack of something.
bool IsOfValues(int sqlstate) {
  return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_DATA_EXCEPTION ||
         ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_PLPGSQL_ERROR;
}

// After an error: how an earlier row fails, or the same row in an earlier column. Steps run over
// whole batches, so that row has not been met yet; PostgreSQL would have told of it.
core::VectorStatus EarlierFailure(AggregateScan *scan, Source *source) {
  if (source->is_heap) CompleteHeapRows(scan, source);
  core::VectorStatus failure;
  RunColumnSteps(source->set, source->rows_filled, &failure);
  return failure != core::VectorStatus::kDone
             ? failure
             : FailureBeforeRowColumn(source->set, source->rows_filled);
}

// Whether that can happen: steps fail in pages, and rows in the server's evaluator or another plan.
bool FillingMayFail(const Source *source) {
  if (source->set->step_count == 0) return false;
  return !source->is_heap || source->needs_slot;
}

int FillRowsInOrder(AggregateScan *scan, Source *source) {
  MemoryContext context = CurrentMemoryContext;
  volatile int count = 0;
  PG_TRY();
  { count = FillRows(scan, source); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    const core::VectorStatus failure =
        IsOfValues(geterrcode()) ? EarlierFailure(scan, source) : core::VectorStatus::kDone;
    if (failure == core::VectorStatus::kDone) PG_RE_THROW();
    FlushErrorState();
    RaiseFailure(failure);
  }
  PG_END_TRY();
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
  // From here on for good: what did not fit once is not tried again.
  if (source->join_count > 0 && !ReadInnerTables(scan, source)) *source = *source->instead;
  ReleaseBatch(scan, source);
  source->is_exhausted = false;
  source->failure = core::VectorStatus::kDone;
  source->set->constants_ready = 0;
  // All of them are free: the node's own expressions are not evaluated in the order of rows.
  PrepareConstants(source->set, source->set->constant_count, scan->css.ss.ps.ps_ExprContext,
                   scan->scan_context);
  if (source->is_heap) BeginHeapPass(scan, source);
}

void EndPass(Source *source) {
  if (source->pass != nullptr) EndHeapPass(source);
}

// Rows before one that fails come as a batch of their own: something else may fail for one of them.
int ReadBatch(AggregateScan *scan, Source *source) {
  RaiseFailure(source->failure);
  if (source->is_exhausted) return 0;
  const int filled =
      FillingMayFail(source) ? FillRowsInOrder(scan, source) : FillRows(scan, source);
  if (filled == 0) return 0;
  const int count = RunColumnSteps(source->set, filled, &source->failure);
  if (count == 0) RaiseFailure(source->failure);
  return count;
}

void ReleaseBatch(AggregateScan *scan, Source *source) {
  ResetColumns(source->set, source->rows_filled);
  source->rows_filled = 0;
  MemoryContextReset(scan->batch_context);
}

bool RunSource(AggregateScan *scan, Source *source) {
  BeginPass(scan, source);
  bool goes_on = true;
  while (goes_on) {
    const int count = ReadBatch(scan, source);
    if (count == 0) break;
    goes_on = ConsumeRows(scan, source->set->columns, count);
    ReleaseBatch(scan, source);
  }
  EndPass(source);
  return goes_on;
}

}  // namespace weir::stream
