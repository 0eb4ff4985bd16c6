#include "continuous/rewrite/definition.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/elog.h"
}

namespace weir::continuous {
namespace {

constexpr char kAsGiven[] = "%s";

// Positions are of the query's text, not of the statement that carries it as an argument.
void OnError(void *argument) {
  auto *errors = static_cast<TextErrors *>(argument);
  const int position = geterrposition();
  if (position <= 0) return;
  errposition(0);
  internalerrposition(position);
  internalerrquery(errors->text);
}

int PositionOf(const char *text, int location) {
  return location < 0 ? 0 : pg_mbstrlen_with_len(text, location) + 1;
}

[[noreturn]] void RefuseStatement(const char *text, int location) {
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("a continuous query is exactly one SELECT"),
          errhint("Give the text of one SELECT without a semicolon and a second statement."),
          errposition(PositionOf(text, location)));
  pg_unreachable();
}

}  // namespace

void OpenTextErrors(TextErrors *errors, const char *text) {
  errors->text = text;
  errors->callback.callback = OnError;
  errors->callback.arg = errors;
  errors->callback.previous = error_context_stack;
  error_context_stack = &errors->callback;
}

void CloseTextErrors(TextErrors *errors) { error_context_stack = errors->callback.previous; }

void Refuse(const char *text, const Refusal &refusal) {
  ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
          errmsg("a continuous query cannot have %s", refusal.clause),
          errhint(kAsGiven, refusal.hint), errposition(PositionOf(text, refusal.location)));
  pg_unreachable();
}

Definition ParseDefinition(const char *text) {
  List *raw = raw_parser(text, RAW_PARSE_DEFAULT);
  if (list_length(raw) != 1) {
    RefuseStatement(text, raw == NIL ? 0 : lsecond_node(RawStmt, raw)->stmt_location);
  }
  RawStmt *statement = linitial_node(RawStmt, raw);
  if (!IsA(statement->stmt, SelectStmt)) RefuseStatement(text, statement->stmt_location);
  // The analysis changes what it is given.
  const auto *written = static_cast<const SelectStmt *>(copyObjectImpl(statement->stmt));
  Query *query = parse_analyze_fixedparams(statement, text, nullptr, 0, nullptr);
  // SELECT INTO is a SELECT to the grammar only.
  if (query->commandType != CMD_SELECT || query->utilityStmt != nullptr) {
    RefuseStatement(text, statement->stmt_location);
  }
  pg::FlattenGroups(query);
  return {text, written, query};
}

}  // namespace weir::continuous
