// Begin, Exec, ReScan and End of the window node.
#include "stream/window/window_node.hpp"
#include "stream/window/window_state.hpp"

extern "C" {
#include "executor/executor.h"
#include "utils/memutils.h"
}

namespace weir::stream {
namespace {

// The next row as the scan tuple, or null at the end.
TupleTableSlot *NextRow(WindowScan *scan) {
  if (scan->mode == WindowMode::kStock) {
    TupleTableSlot *slot = ExecProcNode(scan->stock);
    return TupIsNull(slot) ? nullptr : slot;
  }
  if (scan->next == scan->count && !NextWindowBatch(scan)) return nullptr;
  CustomScanState *node = &scan->input.css;
  TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
  MemoryContext old = MemoryContextSwitchTo(node->ss.ps.ps_ExprContext->ecxt_per_tuple_memory);
  EmitWindowRow(scan, scan->next++, slot);
  MemoryContextSwitchTo(old);
  return slot;
}

TupleTableSlot *ExecScan(CustomScanState *node) {
  WindowScan *scan = WindowScanOf(node);
  ExprContext *econtext = node->ss.ps.ps_ExprContext;
  if (scan->mode == WindowMode::kNew) StartWindows(scan);
  while (scan->mode != WindowMode::kDone) {
    ResetExprContext(econtext);
    TupleTableSlot *slot = NextRow(scan);
    if (slot == nullptr) break;
    econtext->ecxt_scantuple = slot;
    if (node->ss.ps.qual != nullptr && !ExecQual(node->ss.ps.qual, econtext)) {
      InstrCountFiltered1(node, 1);
      continue;
    }
    return node->ss.ps.ps_ProjInfo != nullptr ? ExecProject(node->ss.ps.ps_ProjInfo) : slot;
  }
  if (scan->mode != WindowMode::kDone) StopWindows(scan);
  scan->mode = WindowMode::kDone;
  return nullptr;
}

void BeginScan(CustomScanState *node, EState *estate, int eflags) {
  SetUpWindowScan(WindowScanOf(node), estate, eflags);
}

void EndScan(CustomScanState *node) {
  WindowScan *scan = WindowScanOf(node);
  StopWindows(scan);
  if (scan->run_context != nullptr) MemoryContextDelete(scan->run_context);
  scan->run_context = nullptr;
  if (scan->stock != nullptr) ExecEndNode(scan->stock);
  ExecEndNode(scan->input.child);
}

// Parameters reach the children of a custom scan through us.
void ReScan(CustomScanState *node) {
  WindowScan *scan = WindowScanOf(node);
  StopWindows(scan);
  Bitmapset *changed = node->ss.ps.chgParam;
  PlanState *child = scan->input.child;
  if (changed != nullptr) UpdateChangedParamSet(child, changed);
  if (scan->stock != nullptr) {
    if (changed != nullptr) UpdateChangedParamSet(scan->stock, changed);
    ExecReScan(scan->stock);
    return;
  }
  ExecReScan(child);
}

}  // namespace

Node *CreateWindowScan(CustomScan *) {
  auto *scan = static_cast<WindowScan *>(palloc0(sizeof(WindowScan)));
  NodeSetTag(scan, T_CustomScanState);
  scan->input.css.methods = &kWindowExecMethods;
  return reinterpret_cast<Node *>(scan);
}

const CustomExecMethods kWindowExecMethods = {
    .CustomName = kWindowNodeName,
    .BeginCustomScan = BeginScan,
    .ExecCustomScan = ExecScan,
    .EndCustomScan = EndScan,
    .ReScanCustomScan = ReScan,
    .ExplainCustomScan = ExplainWindows,
};

}  // namespace weir::stream
