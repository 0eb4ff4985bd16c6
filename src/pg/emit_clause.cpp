#include "pg/emit_clause.hpp"

extern "C" {
#include "common/keywords.h"
#include "mb/pg_wchar.h"
#include "parser/scanner.h"
}

namespace weir::pg {
namespace {

// Where the tokens of a text start, by the server's own scanner: strings, comments and quoted names
// are one token each, or none.
struct Tokens {
  const char *text;
  int *start;
  int count;
};

Tokens Scan(const char *text) {
  Tokens tokens{text, nullptr, 0};
  int room = 64;
  tokens.start = static_cast<int *>(palloc(sizeof(int) * static_cast<Size>(room)));
  core_yy_extra_type extra;
  core_yyscan_t scanner = scanner_init(text, &extra, &ScanKeywords, ScanKeywordTokens);
  core_YYSTYPE value;
  YYLTYPE at;
  while (core_yylex(&value, &at, scanner) != 0) {
    if (tokens.count == room) {
      room *= 2;
      tokens.start =
          static_cast<int *>(repalloc(tokens.start, sizeof(int) * static_cast<Size>(room)));
    }
    tokens.start[tokens.count++] = at;
  }
  scanner_finish(scanner);
  return tokens;
}

bool IsWordByte(char c) {
  return isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

// An unquoted name or keyword; quotes would be the token's first byte.
bool IsWord(const Tokens &tokens, int i, const char *word) {
  if (i < 0 || i >= tokens.count) return false;
  const char *at = tokens.text + tokens.start[i];
  const size_t length = strlen(word);
  return pg_strncasecmp(at, word, length) == 0 && !IsWordByte(at[length]);
}

bool IsAnyWord(const Tokens &tokens, int i) {
  const char first = tokens.text[tokens.start[i]];
  return IsWordByte(first) && isdigit(static_cast<unsigned char>(first)) == 0 && first != '$';
}

// Words after which a name has to follow, so that a column or table called "emit" stays one.
constexpr const char *kBeforeNames[] = {
    "all",   "and",    "as",     "between", "by",    "case",      "distinct", "else",  "except",
    "from",  "having", "ilike",  "in",      "into",  "intersect", "is",       "join",  "limit",
    "like",  "not",    "offset", "on",      "or",    "select",    "similar",  "table", "then",
    "union", "update", "using",  "when",    "where", "with"};

// Whether a query may end with this token.
bool MayEnd(const Tokens &tokens, int i) {
  if (i < 0) return false;
  const char first = tokens.text[tokens.start[i]];
  if (strchr(".,(;[+-/<>=~!@#%^&|`?:", first) != nullptr) return false;
  for (const char *word : kBeforeNames) {
    if (IsWord(tokens, i, word)) return false;
  }
  // FETCH FIRST ROW ONLY ends a query, FROM ONLY does not.
  if (!IsWord(tokens, i, "only")) return true;
  return IsWord(tokens, i - 1, "row") || IsWord(tokens, i - 1, "rows");
}

bool IsEmit(const Tokens &tokens, int i) {
  return IsWord(tokens, i, "emit") && MayEnd(tokens, i - 1);
}

int PositionOf(const Tokens &tokens, int i) {
  return pg_mbstrlen_with_len(tokens.text, tokens.start[i]) + 1;
}

EmitMode ModeAt(const Tokens &tokens, int i) {
  if (IsWord(tokens, i, "changes")) return EmitMode::kChanges;
  return IsWord(tokens, i, "final") ? EmitMode::kFinal : EmitMode::kNone;
}

// Three names in a row are no SQL, so this cannot hit a query that means something else.
void RefuseElsewhere(const Tokens &tokens, int end) {
  for (int i = 0; i + 1 < end; ++i) {
    if (!IsEmit(tokens, i)) continue;
    if (ModeAt(tokens, i + 1) != EmitMode::kNone) {
      ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
              errmsg("EMIT is allowed only at the end of the query"),
              errposition(PositionOf(tokens, i)));
    }
    if (i + 2 == end && IsAnyWord(tokens, i + 1)) {
      ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
              errmsg("EMIT must be followed by CHANGES or FINAL"),
              errposition(PositionOf(tokens, i + 1)));
    }
  }
}

}  // namespace

EmitMode CutEmitClause(char *text) {
  const Tokens tokens = Scan(text);
  int end = tokens.count;
  while (end > 0 && text[tokens.start[end - 1]] == ';') --end;
  const EmitMode mode =
      end >= 2 && IsEmit(tokens, end - 2) ? ModeAt(tokens, end - 1) : EmitMode::kNone;
  if (mode != EmitMode::kNone) end -= 2;
  RefuseElsewhere(tokens, end);
  if (mode != EmitMode::kNone) text[tokens.start[end]] = '\0';
  return mode;
}

}  // namespace weir::pg
