#include "stream/window/windowing.hpp"

#include "core/window/window_plan.hpp"
#include "pg/compat.hpp"
#include "pg/expression_walk.hpp"
#include "stream/column/column_set.hpp"
#include "stream/column/encoding.hpp"
#include "stream/plan/support.hpp"
#include "stream/window/window_call.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace weir::stream {
namespace {

// The stack of the server's own path, whose lowest node may stand on a sort.
bool TakeStack(RelOptInfo *output, List **windows, const char **why) {
  ListCell *cell;
  foreach (cell, output->pathlist) {
    auto *path = static_cast<Path *>(lfirst(cell));
    if (!IsA(path, WindowAggPath)) continue;
    *windows = NIL;
    for (; IsA(path, WindowAggPath); path = castNode(WindowAggPath, path)->subpath) {
      *windows = lcons(path, *windows);
    }
    const auto *sort = IsA(path, SortPath) || IsA(path, IncrementalSortPath)
                           ? reinterpret_cast<const SortPath *>(path)
                           : nullptr;
    if (sort == nullptr || !IsA(sort->subpath, WindowAggPath)) return true;
    *why = "The windows differ in their partitions or orders, and need several sorts.";
    return false;
  }
  *why = "The windows have no plan of the usual form.";
  return false;
}

WindowClause *ClauseOf(const ListCell *cell) {
  return static_cast<WindowAggPath *>(lfirst(cell))->winclause;
}

bool KeyProblem(PlannerInfo *root, const SortGroupClause *clause, const char **why) {
  Node *key =
      get_sortgroupclause_expr(const_cast<SortGroupClause *>(clause), root->processed_tlist);
  const Oid type = exprType(key);
  if (KeyEncoding(type, exprCollation(key)) == Encoding::kNone) {
    *why = psprintf("A partition key of type %s has no streaming form.", format_type_be(type));
  } else if (lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr != clause->eqop) {
    *why =
        psprintf("A partition key of type %s uses an equality of its own.", format_type_be(type));
  } else {
    return false;
  }
  return true;
}

// Orders are compared as words.
bool OrderProblem(PlannerInfo *root, const SortGroupClause *clause, const char **why) {
  Node *key =
      get_sortgroupclause_expr(const_cast<SortGroupClause *>(clause), root->processed_tlist);
  const Oid type = exprType(key);
  const TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
  // "char" compares without a sign.
  if (PhysicalEncoding(type) == Encoding::kNone || getBaseType(type) == CHAROID) {
    *why = psprintf("An order by type %s has no streaming form.", format_type_be(type));
  } else if (clause->sortop != cache->lt_opr && clause->sortop != cache->gt_opr) {
    *why = psprintf("An order by type %s uses an operator of its own.", format_type_be(type));
  } else {
    return false;
  }
  return true;
}

bool FrameProblem(const WindowClause *clause, const char **why) {
  const int options = clause->frameOptions;
  if ((options & FRAMEOPTION_EXCLUSION) != 0) {
    *why = "A frame with EXCLUDE has no streaming form.";
  } else if ((options & FRAMEOPTION_GROUPS) != 0) {
    *why = "A frame in GROUPS has no streaming form.";
  } else if ((options & FRAMEOPTION_RANGE) != 0 &&
             ((options & FRAMEOPTION_START_UNBOUNDED_PRECEDING) == 0 ||
              (options & (FRAMEOPTION_END_CURRENT_ROW | FRAMEOPTION_END_UNBOUNDED_FOLLOWING)) ==
                  0)) {
    *why = "A RANGE frame that does not start with the partition has no streaming form.";
  } else {
    return false;
  }
  return true;
}

bool SameReferences(List *left, List *right) {
  ListCell *cell;
  foreach (cell, left) {
    const Index reference = lfirst_node(SortGroupClause, cell)->tleSortGroupRef;
    if (get_sortgroupref_clause_noerr(reference, right) == nullptr) return false;
  }
  return true;
}

bool IsPrefix(List *shorter, List *longer) {
  if (list_length(shorter) > list_length(longer)) return false;
  for (int i = 0; i < list_length(shorter); ++i) {
    if (!equal(list_nth(shorter, i), list_nth(longer, i))) return false;
  }
  return true;
}

bool ClausesProblem(PlannerInfo *root, const Windowing &windowing, const char **why) {
  WindowClause *lowest = ClauseOf(list_head(windowing.windows));
  ListCell *cell;
  if (list_length(lowest->partitionClause) > core::kMaxKeys ||
      list_length(lowest->orderClause) > core::kMaxOrderColumns) {
    *why = "A window has too many keys.";
    return true;
  }
  foreach (cell, lowest->partitionClause) {
    if (KeyProblem(root, lfirst_node(SortGroupClause, cell), why)) return true;
  }
  foreach (cell, lowest->orderClause) {
    if (OrderProblem(root, lfirst_node(SortGroupClause, cell), why)) return true;
  }
  foreach (cell, windowing.windows) {
    WindowClause *clause = ClauseOf(cell);
    if (!SameReferences(clause->partitionClause, lowest->partitionClause) ||
        !SameReferences(lowest->partitionClause, clause->partitionClause) ||
        !IsPrefix(clause->orderClause, lowest->orderClause)) {
      *why = "The windows differ in their partitions or orders.";
      return true;
    }
    // PostgreSQL stops reading there, and so saves more than we could.
    if (clause->partitionClause == NIL &&
        pg::RunConditionOf(static_cast<WindowAggPath *>(lfirst(cell))) != NIL) {
      *why = "A condition on a window without partitions ends the scan early.";
      return true;
    }
  }
  return false;
}

struct Collector {
  List *functions;
};

bool Collect(Node *node, Collector *collector) {
  if (node == nullptr) return false;
  if (IsA(node, WindowFunc)) {
    collector->functions = list_append_unique(collector->functions, node);
    return false;
  }
  return pg::WalkExpression(node, Collect, collector);
}

List *FunctionsOf(const Windowing &windowing) {
  Collector collector{NIL};
  ListCell *cell;
  foreach (cell, windowing.windows) {
    auto *path = static_cast<WindowAggPath *>(lfirst(cell));
    Collect(reinterpret_cast<Node *>(path->path.pathtarget->exprs), &collector);
    Collect(reinterpret_cast<Node *>(path->qual), &collector);
    Collect(reinterpret_cast<Node *>(pg::RunConditionOf(path)), &collector);
  }
  return collector.functions;
}

WindowClause *WindowOf(const Windowing &windowing, const WindowFunc *function) {
  ListCell *cell;
  foreach (cell, windowing.windows) {
    if (ClauseOf(cell)->winref == function->winref) return ClauseOf(cell);
  }
  return nullptr;
}

// Found values stay in the history of their key, which holds words only.
bool IsWord(const WindowFunc *function) {
  const Encoding encoding = PassEncoding(exprType(static_cast<Node *>(linitial(function->args))));
  return KindOf(encoding) != core::ValueKind::kText;
}

bool LooksBack(const WindowFunc *function, const WindowCall &call, const WindowClause *clause) {
  if (core::FindsRow(call.op) && !IsWord(function)) return false;
  if (call.op == core::WindowOp::kOffset) return call.offset <= 0;
  if (!UsesFrame(call)) return true;
  const int options = clause->frameOptions;
  if ((options & FRAMEOPTION_RANGE) != 0) {
    return (options & FRAMEOPTION_END_CURRENT_ROW) != 0 && clause->orderClause != NIL;
  }
  return (options & (FRAMEOPTION_END_CURRENT_ROW | FRAMEOPTION_END_OFFSET_PRECEDING)) != 0;
}

// Every row is in a frame of its own, so every row's argument is evaluated by PostgreSQL too.
bool HoldsCurrentRow(const WindowCall &call, const WindowClause *clause) {
  const int options = clause->frameOptions;
  const bool starts =
      (options & (FRAMEOPTION_START_UNBOUNDED_PRECEDING | FRAMEOPTION_START_OFFSET_PRECEDING |
                  FRAMEOPTION_START_CURRENT_ROW)) != 0;
  const bool ends =
      (options & (FRAMEOPTION_END_UNBOUNDED_FOLLOWING | FRAMEOPTION_END_OFFSET_FOLLOWING |
                  FRAMEOPTION_END_CURRENT_ROW)) != 0;
  return call.aggregate != nullptr && starts && ends;
}

// What tells nothing of its input raises no error for it either.
bool MayFail(const WindowFunc *function) {
  return contain_leaked_vars(reinterpret_cast<Node *>(function->args)) ||
         contain_leaked_vars(reinterpret_cast<Node *>(function->aggfilter));
}

bool ErrorProblem(const PlannerInfo *root, const WindowFunc *function, const WindowCall &call,
                  const WindowClause *clause, const char **why) {
  if (!MayFail(function)) return false;
  if (!HoldsCurrentRow(call, clause)) {
    *why = "An argument that may fail is evaluated only for rows that some frame holds.";
  } else if (root->parse->limitCount != nullptr) {
    *why = "An argument that may fail is evaluated only for rows that LIMIT lets through.";
  } else {
    return false;
  }
  return true;
}

bool FunctionsProblem(PlannerInfo *root, Windowing *windowing, const char **why) {
  windowing->looks_back = true;
  ListCell *cell;
  foreach (cell, windowing->functions) {
    const WindowFunc *function = lfirst_node(WindowFunc, cell);
    const WindowClause *clause = WindowOf(*windowing, function);
    WindowCall call;
    if (clause == nullptr) {
      *why = "A window function belongs to a window of its own.";
      return true;
    }
    if (!WindowCallOf(function, &call, why)) return true;
    if (UsesFrame(call) && FrameProblem(clause, why)) return true;
    if (ErrorProblem(root, function, call, clause, why)) return true;
    windowing->looks_back &= LooksBack(function, call, clause);
    windowing->ends_with_peers |= UsesFrame(call) &&
                                  (clause->frameOptions & FRAMEOPTION_RANGE) != 0 &&
                                  (clause->frameOptions & FRAMEOPTION_END_CURRENT_ROW) != 0;
  }
  if (list_length(windowing->functions) > core::kMaxWindowFunctions) {
    *why = "There are too many window functions.";
    return true;
  }
  return false;
}

// Columns, keys and order, and for each function an argument and what stands in for a missing row.
bool ColumnsProblem(const PathTarget *target, const Windowing &windowing, const char **why) {
  const WindowClause *lowest = ClauseOf(list_head(windowing.windows));
  const int most = list_length(target->exprs) + list_length(lowest->partitionClause) +
                   list_length(lowest->orderClause) + 2 * list_length(windowing.functions);
  if (most > core::kMaxColumns) {
    *why = psprintf("More than %d columns, keys and arguments have no streaming form.",
                    core::kMaxColumns);
    return true;
  }
  ListCell *cell;
  foreach (cell, target->exprs) {
    Node *node = static_cast<Node *>(lfirst(cell));
    if (PassEncoding(exprType(node)) != Encoding::kNone) continue;
    *why = psprintf("A column of type %s has no streaming form.", format_type_be(exprType(node)));
    return true;
  }
  return false;
}

}  // namespace

bool CanStreamWindows(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
                      Windowing *windowing, const char **why) {
  *windowing = {};
  if (!TakeStack(output, &windowing->windows, why)) return false;
  windowing->functions = FunctionsOf(*windowing);
  if (ClausesProblem(root, *windowing, why) || FunctionsProblem(root, windowing, why)) return false;
  const PathTarget *columns = input->cheapest_total_path->pathtarget;
  if (ColumnsProblem(columns, *windowing, why)) return false;
  if (HasGroupedConstant(root, columns, why)) return false;
  // Rows that do not fit memory are read again by PostgreSQL's own nodes.
  if (contain_volatile_functions(reinterpret_cast<Node *>(root->parse))) {
    *why = "The query is volatile.";
    return false;
  }
  windowing->target = copy_pathtarget(const_cast<PathTarget *>(columns));
  ListCell *cell;
  foreach (cell, windowing->functions) {
    add_column_to_pathtarget(windowing->target, static_cast<Expr *>(lfirst(cell)), 0);
  }
  set_pathtarget_cost_width(root, windowing->target);
  return true;
}

}  // namespace weir::stream
