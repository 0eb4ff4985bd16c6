// Begin, Exec, ReScan, End and Explain of the merge of a live view.
#include "continuous/live/live.hpp"
#include "continuous/live/pieces.hpp"
#include "continuous/live/state_rows.hpp"
#include "pg/compat.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "commands/explain.h"
#include "executor/executor.h"
#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/memutils.h"
}

namespace weir::continuous {
namespace {

// Part of all groups.
constexpr double kFew = 0.25;

enum class Phase : uint8 { kCollect, kState, kMerged, kOver };

struct LiveScan {
  CustomScanState css;
  PlanState *state;
  StateRows *stored;  // reads its rows in its place; may be null
  PlanState *aggregation;
  PiecesScan *pieces;
  Phase phase;
  int column_count;
  AttrNumber *columns;     // for each column of a piece, that of the state's plan
  TupleTableSlot *group;   // of the state, as a piece
  ProjectionInfo *output;  // the result, of a row of the state's plan
  ExprState *quals;        // likewise; null when there are none
  pg::KeyTable keys;
  MemoryContext keys_context;
  int child;             // of the pieces, that is read
  TupleHashTable known;  // keys of pieces; null when there are none
  bool merges_all;       // the aggregation reads the whole state
  int64 passed;          // groups of the state that went through
};

LiveScan *LiveOf(CustomScanState *node) { return reinterpret_cast<LiveScan *>(node); }

AttrNumber *ColumnsIn(const List *list) {
  auto *columns =
      static_cast<AttrNumber *>(palloc(sizeof(AttrNumber) * static_cast<Size>(list_length(list))));
  ListCell *cell;
  foreach (cell, list) {
    columns[foreach_current_index(cell)] = static_cast<AttrNumber>(lfirst_int(cell));
  }
  return columns;
}

Oid *OidsIn(const List *list) {
  auto *oids = static_cast<Oid *>(palloc(sizeof(Oid) * static_cast<Size>(list_length(list))));
  ListCell *cell;
  foreach (cell, list) oids[foreach_current_index(cell)] = lfirst_oid(cell);
  return oids;
}

void ReadPlan(LiveScan *scan, const CustomScan *plan) {
  const List *lists = plan->custom_private;
  const List *keys = list_nth_node(List, lists, kLiveKeys);
  scan->column_count = list_length(list_nth_node(List, lists, kLiveColumns));
  scan->columns = ColumnsIn(list_nth_node(List, lists, kLiveColumns));
  scan->keys.count = list_length(keys);
  scan->keys.columns = ColumnsIn(keys);
  scan->keys.collations = OidsIn(list_nth_node(List, lists, kLiveCollations));
  const Oid *operators = OidsIn(list_nth_node(List, lists, kLiveOperators));
  execTuplesHashPrepare(scan->keys.count, operators, &scan->keys.equal, &scan->keys.hash);
}

// Where expressions find what they name, in a row of the state's plan.
struct Columns {
  const List *inputs;  // as they are named: a result, or a column of a piece
  const List *pieces;  // for each of them, that column, or 0
  const AttrNumber *columns;
};

const Expr *InputAt(const Columns *columns, int number) {
  return list_nth_node(TargetEntry, columns->inputs, number - 1)->expr;
}

// A variable of an input stands for the input of a piece that is the same.
int PieceColumnOf(const Columns *columns, const Var *var) {
  if (var->varno == INDEX_VAR) return list_nth_int(columns->pieces, var->varattno - 1);
  for (int number = list_length(columns->inputs); number > 0; number--) {
    if (equal(InputAt(columns, number), var)) return list_nth_int(columns->pieces, number - 1);
  }
  elog(ERROR, "a live view's expression names no column of a piece");
}

// What is the same as a result was made a reference to it; of a single row, it is computed.
Node *NameColumns(Node *node, const Columns *columns) {
  if (node == nullptr) return nullptr;
  if (!IsA(node, Var)) return pg::MutateExpression(node, NameColumns, columns);
  auto *var = static_cast<Var *>(copyObjectImpl(node));
  const int column = PieceColumnOf(columns, var);
  if (column == 0) {
    return NameColumns(static_cast<Node *>(copyObjectImpl(InputAt(columns, var->varattno))),
                       columns);
  }
  var->varno = INDEX_VAR;
  var->varattno = columns->columns[column - 1];
  return reinterpret_cast<Node *>(var);
}

List *TargetsOf(List *expressions) {
  List *targets = NIL;
  ListCell *cell;
  foreach (cell, expressions) {
    const auto number = static_cast<AttrNumber>(foreach_current_index(cell) + 1);
    targets = lappend(targets,
                      makeTargetEntry(static_cast<Expr *>(lfirst(cell)), number, nullptr, false));
  }
  return targets;
}

// A group's result is computed from the row as it is stored; only what is asked for is taken from
// it.
void PrepareOutput(LiveScan *scan, const CustomScan *plan) {
  const Columns columns{plan->custom_scan_tlist,
                        list_nth_node(List, plan->custom_private, kLiveInputs), scan->columns};
  auto *expressions =
      reinterpret_cast<List *>(NameColumns(reinterpret_cast<Node *>(plan->custom_exprs), &columns));
  PlanState *node = &scan->css.ss.ps;
  node->scandesc = ExecGetResultType(scan->state);
  node->scanops = ExecGetResultSlotOps(scan->state, &node->scanopsfixed);
  if (scan->stored != nullptr) node->scanops = &TTSOpsVirtual;
  if (scan->stored != nullptr) node->scanopsfixed = true;
  node->scanopsset = true;
  scan->output =
      ExecBuildProjectionInfo(TargetsOf(list_nth_node(List, expressions, kLiveOutput)),
                              node->ps_ExprContext, node->ps_ResultTupleSlot, node, nullptr);
  scan->quals = ExecInitQual(list_nth_node(List, expressions, kLiveQuals), node);
}

void BeginLive(CustomScanState *node, EState *estate, int eflags) {
  LiveScan *scan = LiveOf(node);
  auto *plan = reinterpret_cast<CustomScan *>(node->ss.ps.plan);
  const int child_flags = eflags & ~(EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
  scan->state =
      ExecInitNode(static_cast<Plan *>(linitial(plan->custom_plans)), estate, child_flags);
  scan->aggregation =
      ExecInitNode(static_cast<Plan *>(lsecond(plan->custom_plans)), estate, child_flags);
  node->custom_ps = list_make2(scan->state, scan->aggregation);
  scan->pieces = FindPieces(scan->aggregation);
  scan->group = ExecInitExtraTupleSlot(
      estate, scan->pieces->css.ss.ss_ScanTupleSlot->tts_tupleDescriptor, &TTSOpsVirtual);
  ReadPlan(scan, plan);
  scan->stored = MakeStateRows(scan->state, scan->columns, scan->column_count);
  PrepareOutput(scan, plan);
  scan->keys_context =
      AllocSetContextCreate(estate->es_query_cxt, "weir live keys", ALLOCSET_DEFAULT_SIZES);
}

void ForgetKeys(LiveScan *scan) {
  scan->known = nullptr;
  scan->merges_all = false;
  MemoryContextReset(scan->keys_context);
}

// To tell changed groups from others is worth it while they are few, and while there is room.
bool AreTooMany(const LiveScan *scan) {
  const auto groups = static_cast<double>(scan->pieces->count);
  if (groups > 1000 && groups > scan->state->plan->plan_rows * kFew) return true;
  return scan->pieces->count % 1024 == 0 &&
         MemoryContextMemAllocated(scan->keys_context, true) > get_hash_memory_limit();
}

void RememberKey(LiveScan *scan, TupleTableSlot *slot) {
  if (scan->merges_all) return;
  if (scan->known == nullptr) {
    scan->keys.descriptor = slot->tts_tupleDescriptor;
    scan->known = pg::BuildKeyTable(&scan->css.ss.ps, scan->keys, scan->keys_context,
                                    scan->css.ss.ps.ps_ExprContext->ecxt_per_tuple_memory);
  }
  bool is_new;
  (void)LookupTupleHashEntry(scan->known, slot, &is_new, nullptr);
  if (!AreTooMany(scan)) return;
  ForgetKeys(scan);
  scan->merges_all = true;
}

TupleTableSlot *NextNewer(LiveScan *scan) {
  const List *children = scan->pieces->css.custom_ps;
  for (; scan->child < list_length(children); scan->child++) {
    CHECK_FOR_INTERRUPTS();
    TupleTableSlot *slot = ExecProcNode(static_cast<PlanState *>(list_nth(children, scan->child)));
    if (!TupIsNull(slot)) return slot;
  }
  return nullptr;
}

void Collect(LiveScan *scan) {
  while (!scan->merges_all) {
    TupleTableSlot *slot = NextNewer(scan);
    if (slot == nullptr) return;
    KeepPiece(scan->pieces, slot);
    RememberKey(scan, slot);
    ResetExprContext(scan->css.ss.ps.ps_ExprContext);
  }
}

TupleTableSlot *Pick(TupleTableSlot *slot, TupleTableSlot *from, const AttrNumber *columns,
                     int count) {
  ExecClearTuple(slot);
  slot_getallattrs(from);
  for (int i = 0; i < count; i++) {
    const int column = columns[i] - 1;
    slot->tts_isnull[i] = column < 0 || from->tts_isnull[column];
    slot->tts_values[i] = column < 0 ? Datum{0} : from->tts_values[column];
  }
  return ExecStoreVirtualTuple(slot);
}

bool IsChanged(const LiveScan *scan) {
  const bool is_known = LookupTupleHashEntry(scan->known, scan->group, nullptr, nullptr) != nullptr;
  ResetExprContext(scan->css.ss.ps.ps_ExprContext);
  return is_known;
}

// A group of the state.
TupleTableSlot *NextGroup(const LiveScan *scan) {
  if (scan->stored != nullptr) return NextStateRow(scan->stored);
  CHECK_FOR_INTERRUPTS();
  TupleTableSlot *group = ExecProcNode(scan->state);
  return TupIsNull(group) ? nullptr : group;
}

// For the aggregation, when it reads all there is.
TupleTableSlot *NextRest(void *argument) {
  auto *scan = static_cast<LiveScan *>(argument);
  if (TupleTableSlot *slot = NextNewer(scan)) return slot;
  TupleTableSlot *group = NextGroup(scan);
  if (group == nullptr) return nullptr;
  return Pick(scan->group, group, scan->columns, scan->column_count);
}

// Mostly nothing was allocated for the last row.
void ResetUsed(MemoryContext context) {
  if (!context->isReset || context->firstchild != nullptr) MemoryContextReset(context);
}

// Null when all groups that newer rows do not change have gone through.
TupleTableSlot *NextUnchanged(LiveScan *scan) {
  ExprContext *context = scan->css.ss.ps.ps_ExprContext;
  while (TupleTableSlot *group = NextGroup(scan)) {
    if (scan->pieces->count > 0) {
      Pick(scan->group, group, scan->columns, scan->column_count);
      if (IsChanged(scan)) {
        KeepPiece(scan->pieces, scan->group);
        continue;
      }
    }
    scan->passed++;
    context->ecxt_scantuple = group;
    ResetUsed(context->ecxt_per_tuple_memory);
    if (ExecQual(scan->quals, context)) return ExecProject(scan->output);
  }
  return nullptr;
}

void StartOutput(LiveScan *scan) {
  Collect(scan);
  scan->phase = scan->merges_all ? Phase::kMerged : Phase::kState;
  scan->pieces->more = scan->merges_all ? NextRest : nullptr;
  scan->pieces->argument = scan;
}

// There is nothing to check or project on top: conditions and results are those of the groups.
TupleTableSlot *ExecLive(CustomScanState *node) {
  LiveScan *scan = LiveOf(node);
  if (scan->phase == Phase::kCollect) StartOutput(scan);
  if (scan->phase == Phase::kState) {
    if (TupleTableSlot *slot = NextUnchanged(scan)) return slot;
    scan->phase = scan->pieces->count > 0 ? Phase::kMerged : Phase::kOver;
  }
  if (scan->phase == Phase::kMerged) {
    TupleTableSlot *slot = ExecProcNode(scan->aggregation);
    if (!TupIsNull(slot)) {
      slot_getallattrs(slot);  // as in a slot without a tuple, which the node has promised
      return slot;
    }
    scan->phase = Phase::kOver;
  }
  return nullptr;
}

void EndLive(CustomScanState *node) {
  ExecEndNode(LiveOf(node)->state);
  ExecEndNode(LiveOf(node)->aggregation);
}

void ReScanLive(CustomScanState *node) {
  LiveScan *scan = LiveOf(node);
  Bitmapset *changed = node->ss.ps.chgParam;
  if (changed != nullptr) {
    UpdateChangedParamSet(scan->state, changed);
    UpdateChangedParamSet(scan->aggregation, changed);
  }
  ExecReScan(scan->state);
  if (scan->stored != nullptr) RestartStateRows(scan->stored);
  ExecReScan(scan->aggregation);
  ResetPieces(scan->pieces, changed);
  ForgetKeys(scan);
  scan->phase = Phase::kCollect;
  scan->child = 0;
  ExecScanReScan(&node->ss);
}

void ExplainLive(CustomScanState *node, List *, ExplainState *es) {
  const LiveScan *scan = LiveOf(node);
  if (!es->analyze) return;
  ExplainPropertyInteger("Unchanged Groups", nullptr, scan->passed, es);
  ExplainPropertyInteger("Merged Pieces", nullptr, scan->pieces->count, es);
}

const CustomExecMethods kLiveExecMethods = {
    .CustomName = kLiveName,
    .BeginCustomScan = BeginLive,
    .ExecCustomScan = ExecLive,
    .EndCustomScan = EndLive,
    .ReScanCustomScan = ReScanLive,
    .ExplainCustomScan = ExplainLive,
};

}  // namespace

Node *CreateLiveScan(CustomScan *) {
  auto *scan = static_cast<LiveScan *>(palloc0(sizeof(LiveScan)));
  NodeSetTag(scan, T_CustomScanState);
  scan->css.methods = &kLiveExecMethods;
  return reinterpret_cast<Node *>(scan);
}

}  // namespace weir::continuous
