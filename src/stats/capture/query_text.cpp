#include "stats/capture/query_text.hpp"

#include <cctype>
#include <cstring>
#include <string_view>

#include "settings.hpp"
#include "stats/capture/session.hpp"
#include "stats/capture/stopwatch.hpp"

extern "C" {
#include "common/hashfn.h"
#include "common/keywords.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "parser/scanner.h"
#include "tcop/cmdtag.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
}

namespace weir::stats {

namespace {

constexpr char kCutMark[] = "...";
constexpr double kRetryAfterMs = 1000.0;

std::uint64_t Fingerprint(std::uint64_t query_id, std::uint32_t user_id) {
  const std::uint64_t hash = hash_combine64(query_id, user_id);
  return hash == 0 ? 1 : hash;  // 0 is never a member
}

bool IsParameter(const char *token) {
  return token[0] == '$' && std::isdigit(static_cast<unsigned char>(token[1]));
}

// Strings, bit strings, dollar-quoted strings and numbers, by how the token begins.
bool IsLiteral(const char *token) {
  const auto first = static_cast<unsigned char>(token[0]);
  if (first == '\'' || std::isdigit(first)) return true;
  if (first == '.') return std::isdigit(static_cast<unsigned char>(token[1]));
  if (first == '$') return !IsParameter(token);
  if (std::strchr("eEbBxXnN", first) != nullptr && first != '\0') return token[1] == '\'';
  return (first == 'u' || first == 'U') && token[1] == '&' && token[2] == '\'';
}

// Walks over the tokens of a text with the server's scanner.
class TokenReader {
 public:
  explicit TokenReader(const char *text) {
    scanner_ = scanner_init(text, &extra_, &ScanKeywords, ScanKeywordTokens);
    extra_.escape_string_warning = false;
  }

  // The next token, zero-terminated in place: the scanner puts a zero byte after the token it has
  // just read. Null at the end.
  const char *Next(int *location) {
    if (core_yylex(&value_, &location_, scanner_) == 0) return nullptr;
    *location = location_;
    return extra_.scanbuf + location_;
  }

  void Finish() { scanner_finish(scanner_); }

 private:
  core_yyscan_t scanner_;
  core_yy_extra_type extra_;
  core_YYSTYPE value_;
  YYLTYPE location_ = 0;
};

int HighestParameter(const char *text) {
  int highest = 0;
  TokenReader reader(text);
  int location;
  while (const char *token = reader.Next(&location)) {
    if (IsParameter(token)) highest = Max(highest, atoi(token + 1));
  }
  reader.Finish();
  return highest;
}

char *Rewrite(const char *text) {
  int parameter = HighestParameter(text);
  StringInfoData out;
  initStringInfo(&out);
  TokenReader reader(text);
  int location;
  int previous_end = 0;
  while (const char *token = reader.Next(&location)) {
    if (location > previous_end && out.len > 0) appendStringInfoChar(&out, ' ');
    previous_end = location + static_cast<int>(std::strlen(token));
    if (IsLiteral(token)) {
      appendStringInfo(&out, "$%d", ++parameter);
    } else {
      appendStringInfoString(&out, token);
    }
  }
  reader.Finish();
  while (out.len > 0 && (out.data[out.len - 1] == ';' || out.data[out.len - 1] == ' ')) {
    out.data[--out.len] = '\0';
  }
  return out.data;
}

char *SliceOf(const StatementSource &source) {
  const char *start = source.text + Max(source.location, 0);
  const std::size_t length = source.length > 0 ? strnlen(start, source.length) : std::strlen(start);
  return pnstrdup(start, length);
}

// A text for the ring: the normalised statement, else its command tag.
const char *TextToSend(const StatementSource &source, const Node *utility) {
  if (utility != nullptr && MayCarrySecrets(utility)) {
    return GetCommandTagName(CreateCommandTag(const_cast<Node *>(utility)));
  }
  if (const char *text = NormaliseQuery(source)) return text;
  return utility == nullptr ? "" : GetCommandTagName(CreateCommandTag(const_cast<Node *>(utility)));
}

bool Push(core::ByteRing &ring, const TextHeader &header, const char *text) {
  std::size_t length = std::strlen(text);
  const std::size_t room = ring.MaxEntryBytes() - sizeof(header);
  char *cut = nullptr;
  if (length > room) {
    length =
        pg_mbcliplen(text, static_cast<int>(length), static_cast<int>(room - sizeof(kCutMark)));
    cut = psprintf("%.*s%s", static_cast<int>(length), text, kCutMark);
    text = cut;
    length = std::strlen(cut);
  }
  return ring.TryPush({reinterpret_cast<const char *>(&header), sizeof(header)}, {text, length});
}

// After a failure, whatever its reason, texts rest for a moment: normalising costs.
bool IsResting(bool start_rest) {
  static instr_time rest_start;
  static bool resting = false;
  if (start_rest) {
    rest_start = Now();
    resting = true;
  }
  if (resting && MillisecondsBetween(rest_start, Now()) > kRetryAfterMs) resting = false;
  return resting;
}

}  // namespace

bool MayCarrySecrets(const Node *utility) {
  switch (nodeTag(utility)) {
    case T_CreateRoleStmt:
    case T_AlterRoleStmt:
    case T_AlterRoleSetStmt:
    case T_AlterDatabaseSetStmt:
    case T_AlterSystemStmt:
    case T_VariableSetStmt:
    case T_CreateUserMappingStmt:
    case T_AlterUserMappingStmt:
    case T_CreateSubscriptionStmt:
    case T_AlterSubscriptionStmt:
    case T_CreateForeignServerStmt:
    case T_AlterForeignServerStmt:
    case T_CreateForeignTableStmt:
    case T_CreateFdwStmt:
    case T_AlterFdwStmt:
    case T_DoStmt:
    case T_CallStmt:
      return true;
    case T_CopyStmt:
      return reinterpret_cast<const CopyStmt *>(utility)->is_program;
    default:
      return false;
  }
}

char *NormaliseQuery(const StatementSource &source) {
  char *volatile result = nullptr;
  MemoryContext context = CurrentMemoryContext;
  // The scanner only reads and allocates, so its complaint can be dropped without more ado.
  PG_TRY();
  { result = Rewrite(SliceOf(source)); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    FlushErrorState();
  }
  PG_END_TRY();
  return result;
}

void SendText(std::uint64_t query_id, const StatementSource &source, const Node *utility) {
  const Oid user = GetUserId();
  const std::uint64_t fingerprint = Fingerprint(query_id, user);
  core::FingerprintSet &known = FingerprintsOf(*session.slot);
  if (likely(known.Contains(fingerprint)) || query_id == 0 || !settings.capture_texts ||
      source.text == nullptr || IsResting(false)) {
    return;
  }
  MemoryContext context =
      AllocSetContextCreate(CurrentMemoryContext, "weir query text", ALLOCSET_DEFAULT_SIZES);
  MemoryContext previous = MemoryContextSwitchTo(context);
  const char *text = TextToSend(source, utility);
  if (Push(TextsOf(*session.slot), {query_id, user, 0}, text)) {
    known.Add(fingerprint);
  } else {
    session.slot->texts_rejected.fetch_add(1, std::memory_order_relaxed);
    IsResting(true);
  }
  MemoryContextSwitchTo(previous);
  MemoryContextDelete(context);
}

}  // namespace weir::stats
