// Runs a query both ways.
#pragma once

#include <string>
#include <vector>

#include "compare.hpp"
#include "query.hpp"
#include "session.hpp"
#include "world.hpp"

namespace weir::differential {

enum class Failure { kNone, kRows, kError, kCrash, kHang, kWarning, kPlan };

struct Verdict {
  Failure failure = Failure::kNone;
  std::string kind;       // what makes two failures the same: "rows", "22003 for nothing", ...
  std::string detail;     // shown to people, as it is
  bool is_taken = false;  // by the streaming node
  bool is_parallel = false;
  bool is_spilled = false;  // known of the few that run under EXPLAIN ANALYZE
  bool is_rescanned = false;
  bool is_spared = false;  // an error of a condition, met only without the streaming node
  bool is_void = false;    // an error with both settings
  std::string mode;        // auto or require
  Strictness strictness = Strictness::kExact;
};

const char *NameOf(Failure failure);

class Checker {
 public:
  // PostgreSQL itself gets `stock_patience_ms` for a query over windows; what takes longer is void.
  Checker(Session &session, int stock_patience_ms)
      : session_(session), stock_patience_ms_(stock_patience_ms) {}

  // Builds the schema and its data. False when that fails; `why` tells the statement.
  bool Build(const World &world, std::string *why);

  Verdict Check(const Query &query, bool is_tame);

 private:
  struct Answer {
    std::vector<Outcome> outcomes;
    std::vector<std::string> warnings;
    std::string lost_at;
  };

  void Compact();
  void Prepare(const Query &query, const char *mode);
  Outcome Explain(const Script &script, const std::string &explain);
  std::vector<Outcome> ExplainAll(const Query &query, const Script &script, const char *mode);
  void NotePlan(const std::string &plan, bool is_windowed, Verdict *verdict);
  Answer Run(const Script &script);
  void Close(const Script &script);
  static bool FailDifferently(const Answer &off, const Answer &on);
  bool ChooseMode(const Query &query, const Script &script, std::string *plan, Verdict *verdict);
  bool IsErrorOfConditions(const Query &query, const std::string &sqlstate);
  bool IsOverflowOfOrder(const Query &query, const Outcome &expected, const Outcome &actual,
                         std::size_t statement);
  void Compare(const Query &query, const Answer &off, const Answer &on, Strictness strictness,
               Verdict *verdict);
  bool IsErrorOfTheWhole(const Query &query, const Script &script, const Outcome &error);
  void Analyze(const Query &query, const Script &script, bool is_error, Verdict *verdict);

  Session &session_;
  int stock_patience_ms_;
};

}  // namespace weir::differential
