// Rows of a heap table, a page at a time.
#include "stream/source/heap_source.hpp"

#include "pg/compat.hpp"
#include "stream/column/outer_reference.hpp"
#include "stream/column/vector_compile.hpp"
#include "stream/node/scan_state.hpp"
#include "stream/source/heap_pages.hpp"
#include "stream/source/join.hpp"

extern "C" {
#include "access/tableam.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "utils/rel.h"
}

namespace weir::stream {
namespace {

bool HasSubplan(List *quals) {
  ListCell *cell;
  foreach (cell, quals) {
    if (ContainsSubplan(static_cast<Node *>(lfirst(cell)))) return true;
  }
  return false;
}

// Splits the scan's conditions: those with a column form, and the rest in their order. Conditions
// with a column form are leakproof, so running them first tells a row's content to nobody. What it
// costs to compute their constants, and whether that fails, shows: behind a condition that is left
// to the server nobody knows whether a row gets there.
bool SplitQuals(Source *source, List *quals) {
  if (quals == NIL) return true;
  if (HasSubplan(quals)) {
    source->row_qual = source->child->qual;
    return true;
  }
  List *rest = NIL;
  ListCell *cell;
  foreach (cell, quals) {
    auto *qual = static_cast<Expr *>(lfirst(cell));
    ColumnSet *set = source->qual_set;
    const int column =
        source->qual_count < kMaxQuals ? CompileCondition(set, qual, rest == NIL) : -1;
    if (column >= 0) {
      source->quals[source->qual_count++] = {column, set->step_count, set->constant_count};
    } else {
      rest = lappend(rest, qual);
    }
  }
  if (rest != NIL) source->row_qual = ExecInitQual(rest, source->child);
  if (source->qual_count == 0) return true;
  source->qual_program = MakeDecodeProgram(RelationGetDescr(source->relation), source->qual_set);
  return source->qual_program != nullptr;
}

void FillColumns(AggregateScan *scan, Source *source, Expr *const *expressions, List *child_list) {
  ColumnSet *set = source->set;
  for (int i = 0; i < scan->input_count; ++i) {
    Expr *expression =
        expressions[i] == nullptr ? nullptr : ResolveOuter(expressions[i], child_list);
    AddColumn(set, expression, scan->inputs[i].encoding);
  }
  for (int i = 0; i < scan->input_count; ++i) {
    if (expressions[i] == nullptr) continue;
    FillColumn(set, i, set->expressions[i], scan->inputs[i].encoding);
  }
}

struct Batch {
  int64 scanned;
  int64 kept;  // by the scan's own conditions
};

}  // namespace

struct HeapPass {
  PageWalk walk;
  HeapPage page;
  bool has_page;  // the page is pinned and not done with
  PageRows rows;  // of the page
  int next;       // the first of them that was not looked at
  PageRows slice;
  int slice_rows;
  PageRows *current;  // the rows under way, all of the page's or a slice
  const char *limit;  // of the page under way
  int kept;           // current rows that are done with by the server's evaluator; -1: no such work
  MemoryContext qual_context;  // long values that only conditions look at
};

namespace {

int SelectRows(const core::Column &condition, int count, uint16 *kept) {
  int selected = 0;
  for (int i = 0; i < count; ++i) {
    kept[selected] = static_cast<uint16>(i);
    selected += static_cast<int>(condition.word[i] != 0) & static_cast<int>(condition.null[i] == 0);
  }
  return selected;
}

int NarrowRows(const core::Column &condition, int count, uint16 *kept) {
  int selected = 0;
  for (int i = 0; i < count; ++i) {
    const uint16 row = kept[i];
    kept[selected] = row;
    selected +=
        static_cast<int>(condition.word[row] != 0) & static_cast<int>(condition.null[row] == 0);
  }
  return selected;
}

void KeepRows(Source *source, PageRows *rows, const uint16 *kept, int count) {
  bool any_irregular = false;
  for (int i = 0; i < count; ++i) {
    const int row = kept[i];
    rows->header[i] = rows->header[row];
    rows->data[i] = rows->data[row];
    rows->line[i] = rows->line[row];
    rows->is_irregular[i] = rows->is_irregular[row];
    any_irregular |= rows->is_irregular[i];
  }
  if (source->join_count > 0) MovePartners(source, kept, count);
  rows->count = count;
  rows->any_irregular = any_irregular;
}

int AllRows(int count, uint16 *kept) {
  for (int i = 0; i < count; ++i) kept[i] = static_cast<uint16>(i);
  return count;
}

// Runs the conditions in their order. The constants of one are evaluated when a row reaches it.
int RunConditions(AggregateScan *scan, Source *source, int rows, uint16 *kept) {
  if (source->qual_count == 0) return AllRows(rows, kept);
  ColumnSet *set = source->qual_set;
  int count = rows;
  int step = 0;
  for (int q = 0; q < source->qual_count && count > 0; ++q) {
    const Condition &condition = source->quals[q];
    PrepareConstants(set, condition.constants, scan->css.ss.ps.ps_ExprContext, scan->scan_context);
    RaiseFailure(core::RunSteps(set->steps + step, condition.steps - step, set->columns, rows));
    step = condition.steps;
    const core::Column &column = set->columns[condition.column];
    count = q == 0 ? SelectRows(column, count, kept) : NarrowRows(column, count, kept);
  }
  return count;
}

// Keeps the rows whose conditions all came out true, and of those the ones that meet a row of each
// joined table. Returns how many there were before the joins.
int ApplyColumnQuals(AggregateScan *scan, Source *source, PageRows *rows, const char *limit) {
  ColumnSet *set = source->qual_set;
  MemoryContextReset(source->pass->qual_context);
  DecodeRows(source->qual_program, set, rows, 0, limit, source->pass->qual_context);
  uint16 kept[MaxHeapTuplesPerPage];
  const int count = RunConditions(scan, source, rows->count, kept);
  const int joined = source->join_count == 0 ? count : KeepJoined(source, kept, count);
  ResetColumns(set, rows->count);
  KeepRows(source, rows, kept, joined);
  return count;
}

// Conditions and columns that need the server's evaluator, for the rows left.
void ApplyRowWork(AggregateScan *scan, Source *source, PageRows *rows, const HeapPage *page,
                  int at) {
  ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;
  TupleTableSlot *slot = reinterpret_cast<ScanState *>(source->child)->ss_ScanTupleSlot;
  HeapTupleData tuple;
  tuple.t_tableOid = RelationGetRelid(source->relation);
  int &kept = source->pass->kept;
  kept = 0;
  for (int i = 0; i < rows->count; ++i) {
    const ItemId item = PageGetItemId(page->page, rows->line[i]);
    tuple.t_data = rows->header[i];
    tuple.t_len = ItemIdGetLength(item);
    ItemPointerSet(&tuple.t_self, page->block, rows->line[i]);
    ExecStoreBufferHeapTuple(&tuple, slot, page->buffer);
    ResetExprContext(econtext);
    econtext->ecxt_scantuple = slot;
    if (source->row_qual != nullptr && !ExecQual(source->row_qual, econtext)) continue;
    rows->header[kept] = rows->header[i];
    rows->data[kept] = rows->data[i];
    rows->line[kept] = rows->line[i];
    rows->is_irregular[kept] = rows->is_irregular[i];
    EvaluateRowColumns(source->set, at + kept, econtext, scan->batch_context);
    ++kept;
  }
  ExecClearTuple(slot);
  rows->count = kept;
  kept = -1;
}

void DecodePage(AggregateScan *scan, Source *source, PageRows *rows) {
  if (source->program->step_count == 0 && !rows->any_irregular) return;
  DecodeRows(source->program, source->set, rows, source->rows_filled, source->pass->limit,
             scan->batch_context);
}

void AddRows(AggregateScan *scan, Source *source, PageRows *rows, Batch *batch) {
  HeapPass *pass = source->pass;
  pass->current = rows;
  batch->scanned += rows->count;
  int kept = rows->count;
  if (source->qual_program != nullptr) kept = ApplyColumnQuals(scan, source, rows, pass->limit);
  if (source->needs_slot && rows->count > 0) {
    ApplyRowWork(scan, source, rows, &pass->page, source->rows_filled);
  }
  batch->kept += source->row_qual == nullptr ? kept : rows->count;
  DecodePage(scan, source, rows);
  if (source->join_count > 0) FillPartners(source, source->rows_filled, rows->count);
  source->rows_filled += rows->count;
}

// The next rows of the page; there are some left.
void TakeSlice(HeapPass *pass) {
  const PageRows &rows = pass->rows;
  PageRows *slice = &pass->slice;
  slice->count = Min(pass->slice_rows, rows.count - pass->next);
  slice->any_irregular = false;
  for (int i = 0; i < slice->count; ++i, ++pass->next) {
    slice->header[i] = rows.header[pass->next];
    slice->data[i] = rows.data[pass->next];
    slice->line[i] = rows.line[pass->next];
    slice->is_irregular[i] = rows.is_irregular[pass->next];
    slice->any_irregular |= slice->is_irregular[i];
  }
}

// A page may refer to a thousand times its size in long values. Where it does, a few rows at a time
// are added, so that the batch ends when it is full; long ones come one by one.
void AddSlice(AggregateScan *scan, Source *source, Batch *batch) {
  constexpr int kSliceRows = 8;
  constexpr Size kLongSlice = 256 * 1024;
  HeapPass *pass = source->pass;
  CHECK_FOR_INTERRUPTS();
  TakeSlice(pass);
  const Size before = MemoryContextMemAllocated(scan->batch_context, false);
  AddRows(scan, source, &pass->slice, batch);
  const Size after = MemoryContextMemAllocated(scan->batch_context, false) +
                     MemoryContextMemAllocated(pass->qual_context, false);
  pass->slice_rows = after - before > kLongSlice ? 1 : kSliceRows;
}

// Adds rows of the page until the batch is full, and gives the page back when it is done with.
void AddPage(AggregateScan *scan, Source *source, Batch *batch) {
  HeapPass *pass = source->pass;
  if (!source->reads_long || !pass->rows.any_external) {
    AddRows(scan, source, &pass->rows, batch);
    pass->next = pass->rows.count;
  }
  while (pass->next < pass->rows.count) {
    if (IsBatchFull(scan->batch_context, source->rows_filled)) return;
    AddSlice(scan, source, batch);
  }
  ReleasePage(&pass->page);
  pass->has_page = false;
}

bool StartPage(Source *source) {
  HeapPass *pass = source->pass;
  if (!NextPage(&pass->walk, &pass->page, &pass->rows)) return false;
  pass->has_page = true;
  pass->next = 0;
  pass->limit = static_cast<const char *>(pass->page.page) + BLCKSZ;
  return true;
}

// Where rows are only counted, a page is a batch.
void CountPage(Source *source, Batch *batch) {
  HeapPass *pass = source->pass;
  batch->scanned += pass->rows.count;
  batch->kept += pass->rows.count;
  source->rows_filled = pass->rows.count;
  ReleasePage(&pass->page);
  pass->has_page = false;
}

// Whether a batch's memory grows by what lies outside a page.
bool ReadsLong(const ColumnSet *set) {
  for (int i = 0; i < set->base_count; ++i) {
    const Encoding physical = set->bases[i].physical;
    if (set->bases[i].length == -1 && physical != Encoding::kWhole &&
        physical != Encoding::kNullness) {
      return true;
    }
  }
  for (int i = 0; i < set->row_count; ++i) {
    if (set->rows[i].length == -1) return true;
  }
  return false;
}

TableScanDesc OpenScan(AggregateScan *scan, Source *source) {
  auto *seq_scan = reinterpret_cast<SeqScanState *>(source->child);
  if (seq_scan->ss.ss_currentScanDesc == nullptr) {
    seq_scan->ss.ss_currentScanDesc =
        table_beginscan(source->relation, scan->css.ss.ps.state->es_snapshot, 0, nullptr);
  }
  return seq_scan->ss.ss_currentScanDesc;
}

void Report(Source *source, const Batch &batch, Instrumentation *instrument) {
  pg::CountRowsRead(source->relation, batch.scanned);
  if (instrument == nullptr) return;
  InstrStopNode(instrument, static_cast<double>(batch.kept));
  instrument->nfiltered1 += static_cast<double>(batch.scanned - batch.kept);
}

}  // namespace

bool IsHeap(const SeqScanState *child) {
  return child->ss.ss_currentRelation->rd_tableam == GetHeapamTableAmRoutine();
}

Source *MakePageSource(AggregateScan *scan, SeqScanState *child, Expr *const *expressions) {
  if (!IsHeap(child)) return nullptr;
  Relation relation = child->ss.ss_currentRelation;
  const Plan *plan = child->ss.ps.plan;
  auto *source = static_cast<Source *>(palloc0(sizeof(Source)));
  source->is_heap = true;
  source->child = &child->ss.ps;
  source->relation = relation;
  const Index scanned = ScanRelationOf(plan);
  source->set = MakeColumnSet(scanned, source->child);
  source->qual_set = MakeColumnSet(scanned, source->child);
  FillColumns(scan, source, expressions, plan->targetlist);
  source->program = MakeDecodeProgram(RelationGetDescr(relation), source->set);
  if (source->program == nullptr || !SplitQuals(source, plan->qual)) return nullptr;
  source->needs_slot = source->row_qual != nullptr || source->set->row_count > 0;
  source->needs_rows = source->needs_slot || source->set->base_count > 0 || source->qual_count > 0;
  source->reads_long = ReadsLong(source->set) || ReadsLong(source->qual_set);
  return source;
}

Source *MakeHeapSource(AggregateScan *scan, SeqScanState *child) {
  Expr *expressions[core::kMaxColumns];
  for (int i = 0; i < scan->input_count; ++i) expressions[i] = scan->inputs[i].expression;
  return MakePageSource(scan, child, expressions);
}

void BeginHeapPass(AggregateScan *scan, Source *source) {
  // An append leaves this to the call of the scan that never comes.
  if (source->child->chgParam != nullptr) ExecReScan(source->child);
  source->qual_set->constants_ready = 0;
  MemoryContext query_context = scan->css.ss.ps.state->es_query_cxt;
  source->pass = static_cast<HeapPass *>(MemoryContextAllocZero(query_context, sizeof(HeapPass)));
  source->pass->kept = -1;
  source->pass->slice_rows = 1;
  source->pass->qual_context =
      AllocSetContextCreate(query_context, "weir conditions", ALLOCSET_DEFAULT_SIZES);
  BeginWalk(&source->pass->walk, OpenScan(scan, source), source);
}

int ReadHeapBatch(AggregateScan *scan, Source *source) {
  HeapPass *pass = source->pass;
  Instrumentation *instrument = source->child->instrument;
  if (instrument != nullptr) InstrStartNode(instrument);
  Batch batch{};
  StartJoins(source);
  while (source->needs_rows ? !IsBatchFull(scan->batch_context, source->rows_filled)
                            : source->rows_filled == 0) {
    if (!pass->has_page && !StartPage(source)) {
      source->is_exhausted = true;
      break;
    }
    if (source->needs_rows) {
      AddPage(scan, source, &batch);
    } else {
      CountPage(source, &batch);
    }
  }
  Report(source, batch, instrument);
  StopJoins(source);
  return source->rows_filled;
}

void CompleteHeapRows(AggregateScan *scan, Source *source) {
  HeapPass *pass = source->pass;
  if (pass->kept < 0) return;
  const bool has_columns = source->set->row_column >= 0;
  pass->current->count = pass->kept + (has_columns ? 1 : 0);
  DecodePage(scan, source, pass->current);
  source->rows_filled += pass->kept;
}

void EndHeapPass(Source *source) {
  if (source->pass->has_page) ReleasePage(&source->pass->page);
  EndWalk(&source->pass->walk);
  MemoryContextDelete(source->pass->qual_context);
  pfree(source->pass);
  source->pass = nullptr;
}

}  // namespace weir::stream
