// on_delete and on_error of weir.create_query(), and what they do not go with
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/sources.hpp"
#include "continuous/rewrite/touch_keys.hpp"
#include "continuous/sql/create.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
}

namespace weir::continuous {

OnDelete OnDeleteOption(const text *option) {
  const char *value = text_to_cstring(option);
  if (strcmp(value, "ignore") == 0) return OnDelete::kIgnore;
  if (strcmp(value, "error") == 0) return OnDelete::kError;
  if (strcmp(value, "retract") == 0) return OnDelete::kRetract;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"on_delete\": \"%s\"", value),
          errhint("Use 'ignore', 'error' or 'retract'."));
  pg_unreachable();
}

// What the table says is the result, so nothing of it can be left out.
void RequireWholeTable(const Handling &handling, bool has_backfill) {
  if (handling.on_delete != OnDelete::kRetract) return;
  const bool has_errors_left_out = handling.on_error != OnError::kStop;
  if (has_backfill && !has_errors_left_out) return;
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("a continuous query with on_delete => 'retract' cannot leave out rows"),
          errhint(has_errors_left_out ? "Use on_error => 'stop'." : "Use backfill => true."));
}

OnError OnErrorOption(const text *option) {
  const char *value = text_to_cstring(option);
  if (strcmp(value, "stop") == 0) return OnError::kStop;
  if (strcmp(value, "skip") == 0) return OnError::kSkip;
  if (strcmp(value, "dead_letter") == 0) return OnError::kDeadLetter;
  ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
          errmsg("invalid value for parameter \"on_error\": \"%s\"", value),
          errhint("Use 'stop', 'skip' or 'dead_letter'."));
  pg_unreachable();
}

namespace {

int LocationOfWindow(const Query *query) {
  ListCell *cell;
  foreach (cell, query->targetList) {
    auto *target = reinterpret_cast<Node *>(lfirst_node(TargetEntry, cell)->expr);
    if (contain_windowfuncs(target)) return exprLocation(target);
  }
  return -1;
}

}  // namespace

// Within OpenTextErrors().
void RequireHandled(const Definition &given, const Handling &handling) {
  const Query *query = given.query;
  if (query->hasWindowFuncs && handling.on_error != OnError::kStop) {
    Refuse(given.text, {LocationOfWindow(query), "window functions where rows may be left out",
                        "Use on_error => 'stop': each row depends on those before it."});
  }
  if (handling.on_delete != OnDelete::kRetract) return;
  constexpr char kHint[] = "Use on_delete => 'ignore'.";
  if (query->hasWindowFuncs) {
    Refuse(given.text,
           {LocationOfWindow(query), "window functions with on_delete => 'retract'", kHint});
  }
  if (list_length(TablesOf(query)) > 1) {
    Refuse(given.text,
           {LocationOfLastTable(given.written), "a join with on_delete => 'retract'", kHint});
  }
  RequireTouchKeys(query, given.text);
}

}  // namespace weir::continuous
