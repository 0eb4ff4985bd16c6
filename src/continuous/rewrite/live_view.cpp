// The live view: results straight from merged pieces, with one grouping and nothing around it, so
// that a plan computes each from the row that holds its pieces.
#include "continuous/catalog/names.hpp"
#include "continuous/rewrite/merged_row.hpp"
#include "continuous/rewrite/rewrite.hpp"
#include "continuous/rewrite/touched_arms.hpp"
#include "continuous/rewrite/window_time.hpp"
#include "continuous/rewrite/windows.hpp"
#include "pg/compat.hpp"
#include "pg/expression_walk.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/ruleutils.h"
}

namespace weir::continuous {
namespace {

bool IsFinal(const Rewrite *rewrite) { return rewrite->emission->mode == pg::EmitMode::kFinal; }

// Without late rows, a closed window is in the state for good.
void AppendBothArms(StringInfo out, const Rewrite *rewrite, int32 query_id) {
  const char *columns = ColumnList(rewrite->columns);
  appendStringInfo(out, "SELECT %s FROM weir_state.%s%s", columns, StateName(query_id, ""),
                   rewrite->retracts ? UntouchedState(rewrite, query_id) : "");
  const char *in_time = rewrite->time == nullptr ? nullptr : InTimeOf(rewrite, query_id);
  if (in_time == nullptr) {
    appendStringInfo(out, " UNION ALL %s", PartialsOf(rewrite, query_id));
  } else if (!IsFinal(rewrite) || rewrite->emission->late == Late::kUpdate) {
    appendStringInfo(out, " UNION ALL SELECT %s FROM (%s) newer WHERE %s", columns,
                     PartialsOf(rewrite, query_id), in_time);
  }
  if (rewrite->retracts) appendStringInfo(out, " UNION ALL %s", TouchedArms(rewrite, query_id));
}

Query *Parse(const char *sql) {
  RawStmt *raw = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
  Query *query = parse_analyze_fixedparams(raw, sql, nullptr, 0, nullptr);
  pg::FlattenGroups(query);
  return query;
}

// The merged rows of both arms, with the columns of the state table.
Query *MergedRows(const Rewrite *rewrite, int32 query_id) {
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoString(&out, "SELECT ");
  AppendMergedRow(&out, rewrite, MergeRows);
  appendStringInfoString(&out, " FROM (");
  AppendBothArms(&out, rewrite, query_id);
  appendStringInfoString(&out, ") pieces");
  if (IsFinal(rewrite)) appendStringInfo(&out, " WHERE %s", ClosedOf(rewrite, query_id));
  AppendGroupBy(&out, rewrite);
  return Parse(out.data);
}

Node *OverPieces(Node *node, const List *merged) {
  if (node == nullptr) return nullptr;
  if (!IsA(node, Var)) return pg::MutateExpression(node, OverPieces, merged);
  const int column = reinterpret_cast<const Var *>(node)->varattno - 1;
  return static_cast<Node *>(copyObjectImpl(list_nth_node(TargetEntry, merged, column)->expr));
}

// A key that is no result by itself is still grouped by.
List *Results(const Rewrite *rewrite, const List *merged) {
  List *targets = NIL;
  ListCell *name;
  ListCell *expression;
  forboth(name, rewrite->names, expression, rewrite->output) {
    auto *result =
        reinterpret_cast<Expr *>(OverPieces(static_cast<Node *>(lfirst(expression)), merged));
    targets =
        lappend(targets, makeTargetEntry(result, static_cast<AttrNumber>(list_length(targets) + 1),
                                         static_cast<char *>(lfirst(name)), false));
  }
  ListCell *cell;
  foreach (cell, merged) {
    const auto *key = lfirst_node(TargetEntry, cell);
    if (key->ressortgroupref == 0) continue;
    auto *target = static_cast<TargetEntry *>(copyObjectImpl(key));
    target->resno = static_cast<AttrNumber>(list_length(targets) + 1);
    target->resjunk = true;
    targets = lappend(targets, target);
  }
  return targets;
}

}  // namespace

char *LiveOf(const Rewrite *rewrite, int32 query_id) {
  if (rewrite->window != nullptr) return WindowLiveOf(rewrite, query_id);
  if (!rewrite->is_aggregation) {
    StringInfoData out;
    initStringInfo(&out);
    AppendBothArms(&out, rewrite, query_id);
    return out.data;
  }
  Query *query = MergedRows(rewrite, query_id);
  const List *merged = query->targetList;
  query->targetList = Results(rewrite, merged);
  query->havingQual = OverPieces(static_cast<Node *>(copyObjectImpl(rewrite->having)), merged);
  query->hasAggs = contain_agg_clause(reinterpret_cast<Node *>(query->targetList)) ||
                   contain_agg_clause(query->havingQual);
  return pg_get_querydef(query, false);
}

}  // namespace weir::continuous
