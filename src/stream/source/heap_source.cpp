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
  PageRows rows;
  const char *limit;  // of the page under way
  int kept;           // rows of it that are done with by the server's evaluator; -1: no such work
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
  DecodeRows(source->qual_program, set, rows, 0, limit, scan->batch_context);
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

void AddPage(AggregateScan *scan, Source *source, const HeapPage *page, PageRows *rows,
             Batch *batch) {
  const char *limit = static_cast<const char *>(page->page) + BLCKSZ;
  source->pass->limit = limit;
  batch->scanned += rows->count;
  int kept = rows->count;
  if (source->qual_program != nullptr) kept = ApplyColumnQuals(scan, source, rows, limit);
  if (source->needs_slot && rows->count > 0) {
    ApplyRowWork(scan, source, rows, page, source->rows_filled);
  }
  batch->kept += source->row_qual == nullptr ? kept : rows->count;
  DecodePage(scan, source, rows);
  if (source->join_count > 0) FillPartners(source, source->rows_filled, rows->count);
  source->rows_filled += rows->count;
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
  source->pass = static_cast<HeapPass *>(
      MemoryContextAllocZero(scan->css.ss.ps.state->es_query_cxt, sizeof(HeapPass)));
  source->pass->kept = -1;
  BeginWalk(&source->pass->walk, OpenScan(scan, source), source);
}

int ReadHeapBatch(AggregateScan *scan, Source *source) {
  HeapPass *pass = source->pass;
  Instrumentation *instrument = source->child->instrument;
  if (instrument != nullptr) InstrStartNode(instrument);
  HeapPage page;
  Batch batch{};
  StartJoins(source);
  // Where rows are only counted, a page is a batch.
  while (source->needs_rows ? !IsBatchFull(scan->batch_context, source->rows_filled)
                            : source->rows_filled == 0) {
    if (!NextPage(&pass->walk, &page, &pass->rows)) {
      source->is_exhausted = true;
      break;
    }
    if (source->needs_rows) {
      AddPage(scan, source, &page, &pass->rows, &batch);
    } else {
      batch.scanned += pass->rows.count;
      batch.kept += pass->rows.count;
      source->rows_filled = pass->rows.count;
    }
    ReleasePage(&page);
  }
  Report(source, batch, instrument);
  StopJoins(source);
  return source->rows_filled;
}

void CompleteHeapRows(AggregateScan *scan, Source *source) {
  HeapPass *pass = source->pass;
  if (pass->kept < 0) return;
  const bool has_columns = source->set->row_column >= 0;
  pass->rows.count = pass->kept + (has_columns ? 1 : 0);
  DecodePage(scan, source, &pass->rows);
  source->rows_filled += pass->kept;
}

void EndHeapPass(Source *source) {
  EndWalk(&source->pass->walk);
  pfree(source->pass);
  source->pass = nullptr;
}

}  // namespace weir::stream
