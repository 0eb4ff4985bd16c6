#include "continuous/live/state_rows.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "access/tupmacs.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/rel.h"
}

namespace weir::continuous {
namespace {

// A column up to the last one that is wanted.
struct StoredColumn {
  int16 length;
  char align;
  bool is_by_value;
  bool is_wanted;
};

// A wanted column with nothing before it that varies in length.
struct FixedColumn {
  int32 offset;
  int16 length;
  int16 index;
  bool is_by_value;
};

}  // namespace

struct StateRows {
  SeqScanState *plan;
  TupleTableSlot *slot;
  StoredColumn *columns;
  int column_count;
  FixedColumn *fixed;
  int fixed_count;
  int first_varying;  // column_count when there is none
  int32 fixed_bytes;  // up to there
  bool has_nulls;     // the slot may have
  bool is_started;
  BlockNumber next_block;
  int row;  // on the present page
  int row_count;
};

namespace {

HeapScanDesc HeapOf(const StateRows *rows) {
  return reinterpret_cast<HeapScanDesc>(rows->plan->ss.ss_currentScanDesc);
}

bool IsPlainScan(const PlanState *plan) {
  if (!IsA(plan, SeqScanState)) return false;
  const auto *scan = reinterpret_cast<const SeqScanState *>(plan);
  return plan->qual == nullptr && plan->ps_ProjInfo == nullptr &&
         scan->ss.ss_currentRelation->rd_tableam == GetHeapamTableAmRoutine();
}

template <typename T>
T *NewArray(int count) {
  return static_cast<T *>(palloc0(sizeof(T) * static_cast<Size>(Max(count, 1))));
}

void DescribeColumns(StateRows *rows, const AttrNumber *wanted, int count) {
  for (int i = 0; i < count; i++) rows->column_count = Max(rows->column_count, wanted[i]);
  rows->columns = NewArray<StoredColumn>(rows->column_count);
  for (int i = 0; i < rows->column_count; i++) {
    const Form_pg_attribute attribute = TupleDescAttr(rows->slot->tts_tupleDescriptor, i);
    rows->columns[i] = {attribute->attlen, attribute->attalign, attribute->attbyval, false};
  }
  for (int i = 0; i < count; i++) rows->columns[wanted[i] - 1].is_wanted = true;
}

void FindFixedColumns(StateRows *rows) {
  rows->fixed = NewArray<FixedColumn>(rows->column_count);
  int i = 0;
  int32 offset = 0;
  for (; i < rows->column_count && rows->columns[i].length > 0; i++) {
    const StoredColumn &column = rows->columns[i];
    offset = static_cast<int32>(att_align_nominal(offset, column.align));
    if (column.is_wanted) {
      rows->fixed[rows->fixed_count++] = {offset, column.length, static_cast<int16>(i),
                                          column.is_by_value};
    }
    offset += column.length;
  }
  rows->first_varying = i;
  rows->fixed_bytes = offset;
}

// Begins at the first block, wherever others are.
TableScanDesc OpenScan(StateRows *rows) {
  ScanState &scan = rows->plan->ss;
  if (scan.ss_currentScanDesc == nullptr) {
    scan.ss_currentScanDesc = table_beginscan_strat(
        scan.ss_currentRelation, scan.ps.state->es_snapshot, 0, nullptr, true, false);
  }
  return scan.ss_currentScanDesc;
}

void LoadPage(StateRows *rows) {
  Instrumentation *instrument = rows->plan->ss.ps.instrument;
  if (instrument != nullptr) InstrStartNode(instrument);
  pg::LoadHeapPage(rows->plan->ss.ss_currentScanDesc, rows->next_block++);
  rows->row = 0;
  rows->row_count = static_cast<int>(HeapOf(rows)->rs_ntuples);
  pg::CountRowsRead(rows->plan->ss.ss_currentRelation, rows->row_count);
  if (instrument != nullptr) InstrStopNode(instrument, rows->row_count);
}

// False after the last page, which is given back.
bool NextPage(StateRows *rows) {
  if (!rows->is_started) (void)OpenScan(rows);
  rows->is_started = true;
  HeapScanDesc heap = HeapOf(rows);
  while (rows->next_block < heap->rs_nblocks) {
    CHECK_FOR_INTERRUPTS();
    LoadPage(rows);
    if (rows->row_count > 0) return true;
  }
  if (BufferIsValid(heap->rs_cbuf)) ReleaseBuffer(heap->rs_cbuf);
  heap->rs_cbuf = InvalidBuffer;
  return false;
}

// Columns from the first one of varying length on are walked through.
void DecodeVarying(const StateRows *rows, const char *data) {
  Datum *values = rows->slot->tts_values;
  auto offset = static_cast<Size>(rows->fixed_bytes);
  for (int i = rows->first_varying; i < rows->column_count; i++) {
    const StoredColumn &column = rows->columns[i];
    offset = att_align_pointer(offset, column.align, column.length, data + offset);
    const char *value = data + offset;
    if (column.is_wanted) values[i] = fetch_att(value, column.is_by_value, column.length);
    offset = att_addlength_pointer(offset, column.length, value);
  }
}

void Decode(const StateRows *rows, HeapTupleHeader header) {
  const char *data = reinterpret_cast<const char *>(header) + header->t_hoff;
  Datum *values = rows->slot->tts_values;
  for (int i = 0; i < rows->fixed_count; i++) {
    const FixedColumn &column = rows->fixed[i];
    const char *value = data + column.offset;
    values[column.index] = column.length == sizeof(Datum) && column.is_by_value
                               ? *reinterpret_cast<const Datum *>(value)
                               : fetch_att(value, column.is_by_value, column.length);
  }
  if (rows->first_varying < rows->column_count) DecodeVarying(rows, data);
}

void DecodeWithNulls(StateRows *rows, HeapTuple tuple) {
  TupleTableSlot *slot = rows->slot;
  for (int i = 0; i < rows->column_count; i++) {
    if (!rows->columns[i].is_wanted) continue;
    slot->tts_values[i] =
        heap_getattr(tuple, i + 1, slot->tts_tupleDescriptor, &slot->tts_isnull[i]);
  }
  rows->has_nulls = true;
}

// The slot holds a row all the time; only its values change.
void Fill(StateRows *rows, OffsetNumber line) {
  HeapScanDesc heap = HeapOf(rows);
  Page page = BufferGetPage(heap->rs_cbuf);
  const ItemId item = PageGetItemId(page, line);
  HeapTupleData tuple;
  tuple.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
  const bool is_regular = (tuple.t_data->t_infomask & HEAP_HASNULL) == 0 &&
                          HeapTupleHeaderGetNatts(tuple.t_data) >= rows->column_count;
  if (!is_regular) {
    tuple.t_len = ItemIdGetLength(item);
    ItemPointerSet(&tuple.t_self, heap->rs_cblock, line);
    tuple.t_tableOid = RelationGetRelid(rows->plan->ss.ss_currentRelation);
    DecodeWithNulls(rows, &tuple);
    return;
  }
  if (rows->has_nulls) {
    memset(rows->slot->tts_isnull, 0, static_cast<Size>(rows->column_count));
    rows->has_nulls = false;
  }
  Decode(rows, tuple.t_data);
}

}  // namespace

StateRows *MakeStateRows(PlanState *plan, const AttrNumber *columns, int count) {
  if (!IsPlainScan(plan)) return nullptr;
  auto *rows = static_cast<StateRows *>(palloc0(sizeof(StateRows)));
  rows->plan = reinterpret_cast<SeqScanState *>(plan);
  TupleDesc descriptor = RelationGetDescr(rows->plan->ss.ss_currentRelation);
  rows->slot = ExecInitExtraTupleSlot(plan->state, descriptor, &TTSOpsVirtual);
  ExecStoreAllNullTuple(rows->slot);
  rows->has_nulls = true;
  DescribeColumns(rows, columns, count);
  FindFixedColumns(rows);
  return rows;
}

TupleTableSlot *NextStateRow(StateRows *rows) {
  if (rows->row >= rows->row_count && !NextPage(rows)) return nullptr;
  Fill(rows, HeapOf(rows)->rs_vistuples[rows->row++]);
  return rows->slot;
}

void RestartStateRows(StateRows *rows) {
  rows->is_started = false;
  rows->next_block = 0;
  rows->row = 0;
  rows->row_count = 0;
}

}  // namespace weir::continuous
