#include "stream/plan/reason.hpp"

#include "pg/sql_function.hpp"
#include "settings.hpp"
#include "stream/node/node.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
}

namespace weir::stream {
namespace {

constexpr int kReasonBytes = 256;

// The first reason met while weir.stream_reason() plans a query.
struct Inquiry {
  bool is_active;
  char reason[kReasonBytes];
};
Inquiry inquiry;

void PlanQueries(List *raw, const char *text) {
  ListCell *cell;
  foreach (cell, raw) {
    auto *statement = lfirst_node(RawStmt, cell);
    List *queries = pg_analyze_and_rewrite_fixedparams(statement, text, nullptr, 0, nullptr);
    PushActiveSnapshot(GetTransactionSnapshot());
    pg_plan_queries(queries, text, CURSOR_OPT_PARALLEL_OK, nullptr);
    PopActiveSnapshot();
  }
}

}  // namespace

void Decline(const char *why, const char *what) {
  if (inquiry.is_active) {
    if (inquiry.reason[0] == '\0') strlcpy(inquiry.reason, why, kReasonBytes);
    return;
  }
  if (settings.stream != kStreamRequire) return;
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot stream %s", what),
          errdetail_internal("%s", why),
          errhint("SET weir.stream = auto; lets PostgreSQL run what cannot be streamed."));
}

bool IsInquiring() { return inquiry.is_active; }

}  // namespace weir::stream

WEIR_FUNCTION(weir_stream_reason) {
  using weir::stream::inquiry;
  const char *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
  inquiry.is_active = true;
  inquiry.reason[0] = '\0';
  PG_TRY();
  { weir::stream::PlanQueries(pg_parse_query(query), query); }
  PG_FINALLY();
  { inquiry.is_active = false; }
  PG_END_TRY();
  if (inquiry.reason[0] == '\0') PG_RETURN_NULL();
  PG_RETURN_TEXT_P(cstring_to_text(inquiry.reason));
}
