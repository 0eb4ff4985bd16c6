#include "check.hpp"

#include <algorithm>

namespace weir::differential {
namespace {

constexpr char kNode[] = "Custom Scan (WeirAggregate)";
constexpr char kWindowNode[] = "Custom Scan (WeirWindow)";

bool Contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

std::string PlanText(const Outcome &outcome) { return Join(outcome.rows, "\n"); }

// The nodes below and above aggregation, one a line, without their details.
std::string ShapeOf(const Outcome &plan) {
  std::string shape;
  for (const std::string &row : plan.rows) {
    const std::size_t arrow = row.find("->  ");
    if (arrow == std::string::npos && (shape.empty() ? row[0] == ' ' : true)) {
      if (!shape.empty() || row[0] == ' ') continue;
    }
    const std::string node = arrow == std::string::npos ? row : row.substr(arrow + 4);
    if (Contains(node, "Aggregate") || node.rfind("Result", 0) == 0) continue;
    shape += node + "\n";
  }
  return shape;
}

bool IsParallel(const Outcome &plan) { return Contains(PlanText(plan), "Workers Planned"); }

// Rows are met in whatever order processes come to them.
bool IsRace(const Outcome &off, const Outcome &on) {
  const bool is_single =
      Contains(PlanText(off), "Single Copy") || Contains(PlanText(on), "Single Copy");
  return (IsParallel(off) || IsParallel(on)) && !is_single;
}

// Sorting does not keep the order of rows whose keys are equal.
bool GroupsSorted(const Outcome &plan) {
  for (const std::string &row : plan.rows) {
    const std::size_t arrow = row.find("->  ");
    const std::string node = arrow == std::string::npos ? row : row.substr(arrow + 4);
    if (node.starts_with("Group") && !node.starts_with("Group Key")) return true;
    if (Contains(node, "GroupAggregate") || Contains(node, "MixedAggregate")) return true;
  }
  return false;
}

// The order in which rows reach an aggregate decides sums of floats, and which of equal keys is
// shown.
Strictness StrictnessOf(const Outcome &off, const Outcome &on, const Query &query, bool is_tame) {
  // Windows are drawn with total orders: no plan gives other sums.
  if (query.is_windowed && !query.is_nested) return Strictness::kExact;
  const bool is_parallel = IsRace(off, on);
  const bool is_alike =
      !query.is_nested && !is_parallel && !GroupsSorted(off) && ShapeOf(off) == ShapeOf(on);
  if (is_alike) return Strictness::kExact;
  return is_tame ? Strictness::kClose : Strictness::kCount;
}

bool IsFloatOverflow(const Outcome &outcome) {
  return Contains(outcome.message, "value out of range: overflow");
}

// Only here is the order of the result the order that was asked for.
bool IsOrdered(const Query &query) {
  return query.is_ordered && (query.shape == Shape::kPlain || query.shape == Shape::kPrepared ||
                              query.shape == Shape::kCursor || query.shape == Shape::kOwn);
}

// A plan that gives its first groups early may never come to the row that raises an error.
bool MayStopEarly(const Query &query) {
  return query.limit >= 0 || query.shape == Shape::kExists || query.shape == Shape::kScalar ||
         query.shape == Shape::kCursor;
}

std::string Short(const std::string &message) { return message.substr(0, message.find('\n')); }

}  // namespace

const char *NameOf(Failure failure) {
  switch (failure) {
    case Failure::kNone:
      return "none";
    case Failure::kRows:
      return "rows differ";
    case Failure::kError:
      return "errors differ";
    case Failure::kCrash:
      return "the server crashed";
    case Failure::kHang:
      return "it does not end";
    case Failure::kWarning:
      return "it warns";
    case Failure::kPlan:
      return "EXPLAIN fails";
  }
  return "";
}

bool Checker::Build(const World &world, std::string *why) {
  if (!session_.IsAlive() && !session_.Reconnect()) {
    *why = "the server is gone";
    return false;
  }
  session_.Run("ROLLBACK");
  session_.Run("RESET ROLE");
  session_.Run("RESET ALL");
  session_.Run("SET statement_timeout = 60000");
  session_.Run("SET weir.stream = off");
  for (const std::string &statement : Statements(world)) {
    const Outcome outcome = session_.Run(statement);
    if (!outcome.IsError()) continue;
    *why = Cat(outcome.message, "in: ", statement);
    return false;
  }
  return true;
}

// What a transaction has changed and taken back leaves room for the next one's rows, which would
// then lie in another order.
void Checker::Compact() {
  const Outcome tables = session_.Run(
      "RESET ROLE; SELECT format('VACUUM FULL w.%I', relname) FROM pg_class"
      " WHERE relnamespace = 'w'::regnamespace AND relkind = 'r'");
  for (const std::string &command : tables.rows) session_.Run(command);
}

void Checker::Prepare(const Query &query, const char *mode) {
  if (query.shape == Shape::kOwn) Compact();
  std::string commands =
      "RESET ROLE; RESET ALL; SET client_min_messages = warning; SET search_path = w; SET jit = "
      "off;"
      "SET extra_float_digits = 3; SET enable_sort = off; SET enable_mergejoin = off;"
      "SET synchronize_seqscans = off; SET bytea_output = hex;";
  // PostgreSQL may take minutes over frames of many floats, which says nothing of ours.
  const bool may_be_slow = query.is_windowed && std::string_view(mode) == "off";
  commands += Cat("SET statement_timeout = ", may_be_slow ? stock_patience_ms_ : 20000, ";");
  commands += Cat("SET weir.stream = ", mode, ";");
  for (const std::string &command : SettingCommands(query)) commands += command + ";";
  session_.Run(commands);
}

Outcome Checker::Explain(const Script &script, const std::string &explain) {
  for (const std::string &statement : script.open) {
    const Outcome outcome = session_.Run(statement);
    if (outcome.IsError()) return outcome;
  }
  Outcome outcome = session_.Run(explain);
  if (!script.open.empty()) Close(script);
  return outcome;
}

// All plans that are made: a prepared statement has one for each of its values, and one for
// whatever values. Each may add in another order than the others.
std::vector<Outcome> Checker::ExplainAll(const Query &query, const Script &script,
                                         const char *mode) {
  Prepare(query, mode);
  std::vector<Outcome> plans;
  for (const std::string &explain : script.explains) plans.push_back(Explain(script, explain));
  if (query.shape != Shape::kPrepared) return plans;
  session_.Run("SET plan_cache_mode = force_generic_plan");
  plans.push_back(Explain(script, script.explains[0]));
  return plans;
}

void Checker::Close(const Script &script) {
  for (const std::string &statement : script.close) session_.Run(statement);
}

Checker::Answer Checker::Run(const Script &script) {
  Answer answer;
  session_.TakeWarnings();
  std::vector<std::string> statements = script.open;
  statements.insert(statements.end(), script.run.begin(), script.run.end());
  for (const std::string &statement : statements) {
    answer.outcomes.push_back(session_.Run(statement));
    if (answer.outcomes.back().is_lost) {
      answer.lost_at = statement;
      break;
    }
  }
  if (answer.lost_at.empty()) {
    answer.warnings = session_.TakeWarnings();
    Close(script);
    session_.TakeWarnings();
  }
  return answer;
}

// `require` where everything can be streamed, for small tables are cheaper without; else `auto`.
bool Checker::ChooseMode(const Query &query, const Script &script, std::string *plan,
                         Verdict *verdict) {
  for (const char *mode : {"require", "auto"}) {
    verdict->mode = mode;
    Prepare(query, mode);
    const Outcome outcome = Explain(script, script.explains[0]);
    if (outcome.is_lost) {
      verdict->failure = Failure::kCrash;
      verdict->kind = "crash in planning";
      verdict->detail = "The server went away while planning.";
      return false;
    }
    if (outcome.sqlstate == "0A000" && Contains(outcome.message, "cannot stream")) continue;
    *plan = PlanText(outcome);
    NotePlan(*plan, query.is_windowed, verdict);
    return true;
  }
  return true;
}

void Checker::NotePlan(const std::string &plan, bool is_windowed, Verdict *verdict) {
  verdict->is_taken = Contains(plan, is_windowed ? kWindowNode : kNode);
  verdict->is_parallel = verdict->is_taken && Contains(plan, "Workers Planned");
  verdict->is_rescanned =
      verdict->is_taken && (Contains(plan, "SubPlan") || Contains(plan, "Nested Loop"));
}

// Conditions have no order of their own, so fewer rows may meet one that fails; never more. An
// error of theirs comes without keys and aggregates too.
bool Checker::IsErrorOfConditions(const Query &query, const std::string &sqlstate) {
  if (query.where.empty()) return false;
  Query bare = query;
  bare.keys.clear();
  bare.having.clear();
  bare.aggregates = {"count(*)"};
  bare.grouping = "";
  bare.is_windowed = false;
  bare.is_distinct = bare.is_ordered = false;
  bare.limit = bare.offset = -1;
  const Script script = Render(bare);
  Prepare(bare, "off");
  const Answer answer = Run(script);
  for (const Outcome &outcome : answer.outcomes) {
    if (outcome.sqlstate == sqlstate) return true;
  }
  return false;
}

// Huge floats overflow in one order of additions and cancel out in another. So PostgreSQL has to
// end as we did when it meets rows in the order of the scan, where that can be had of it.
bool Checker::IsOverflowOfOrder(const Query &query, const Outcome &expected, const Outcome &actual,
                                std::size_t statement) {
  if (!IsFloatOverflow(expected) && !IsFloatOverflow(actual)) return false;
  if (query.is_nested) return true;
  Query hashed = query;
  hashed.settings.emplace_back("work_mem", "'1GB'");
  hashed.settings.emplace_back("max_parallel_workers_per_gather", "0");
  Prepare(hashed, "off");
  const Answer answer = Run(Render(hashed));
  return statement < answer.outcomes.size() &&
         answer.outcomes[statement].sqlstate == actual.sqlstate;
}

void Checker::Compare(const Query &query, const Answer &off, const Answer &on,
                      Strictness strictness, Verdict *verdict) {
  for (std::size_t i = 0; i < off.outcomes.size() && i < on.outcomes.size(); ++i) {
    const Outcome &expected = off.outcomes[i];
    const Outcome &actual = on.outcomes[i];
    if (query.is_windowed && expected.sqlstate == "57014") {
      verdict->is_void = true;
      return;
    }
    if (expected.sqlstate != actual.sqlstate) {
      if (strictness == Strictness::kCount && IsOverflowOfOrder(query, expected, actual, i)) {
        verdict->is_void = true;
        return;
      }
      const bool is_early = strictness != Strictness::kExact || query.is_windowed;
      if (is_early && MayStopEarly(query)) {
        verdict->is_void = true;
        return;
      }
      if (actual.sqlstate.empty() && IsErrorOfConditions(query, expected.sqlstate)) {
        verdict->is_spared = true;
        return;
      }
      verdict->failure = actual.sqlstate == "57014" ? Failure::kHang : Failure::kError;
      verdict->kind = Cat(expected.sqlstate, "/", actual.sqlstate);
      verdict->detail =
          Cat("off: ", expected.sqlstate.empty() ? "no error" : Short(expected.message),
              "\non:  ", actual.sqlstate.empty() ? "no error" : Short(actual.message));
      return;
    }
    verdict->is_void |= !expected.sqlstate.empty();
    std::string difference;
    if (SameRows(expected.rows, actual.rows, IsOrdered(query), strictness, &difference)) continue;
    verdict->failure = Failure::kRows;
    verdict->kind = expected.rows.size() == actual.rows.size() ? "rows" : "row count";
    verdict->detail = Cat("statement ", i + 1, ":\n", difference);
    return;
  }
  if (off.warnings != on.warnings) {
    verdict->failure = Failure::kWarning;
    verdict->kind = "warning";
    verdict->detail = Join(on.warnings, "\n");
  }
}

// EXPLAIN ANALYZE runs to the end what a cursor left before the row that fails.
bool Checker::IsErrorOfTheWhole(const Query &query, const Script &script, const Outcome &error) {
  if (error.is_lost || !MayStopEarly(query)) return false;
  Prepare(query, "off");
  const Outcome whole = session_.Run("EXPLAIN ANALYZE " + script.explained);
  return whole.sqlstate == error.sqlstate;
}

// What EXPLAIN ANALYZE does differs from a plain run: instrumentation, and no rows sent.
void Checker::Analyze(const Query &query, const Script &script, bool is_error, Verdict *verdict) {
  if (query.shape == Shape::kPrepared || query.shape == Shape::kOwn ||
      query.shape == Shape::kLoop || is_error)
    return;
  for (const char *options : {"ANALYZE, VERBOSE, TIMING OFF, BUFFERS", "ANALYZE, FORMAT JSON"}) {
    Prepare(query, verdict->mode.c_str());
    const Outcome outcome = session_.Run(Cat("EXPLAIN (", options, ") ", script.explained));
    verdict->is_spilled |= Contains(PlanText(outcome), "  Spilled Partitions: ") ||
                           Contains(PlanText(outcome), "memory was full");
    if (!outcome.IsError() || IsErrorOfTheWhole(query, script, outcome)) continue;
    verdict->failure = outcome.is_lost ? Failure::kCrash : Failure::kPlan;
    verdict->kind = Cat("explain ", outcome.sqlstate);
    verdict->detail = Cat("EXPLAIN (", options, "): ", Short(outcome.message));
    return;
  }
}

// Which of several processes comes to its failing row first is chance, and so is the order of their
// sums. One alone has an order.
bool Checker::FailDifferently(const Answer &off, const Answer &on) {
  for (std::size_t i = 0; i < off.outcomes.size() && i < on.outcomes.size(); ++i) {
    const std::string &expected = off.outcomes[i].sqlstate;
    const std::string &actual = on.outcomes[i].sqlstate;
    if (expected == actual) continue;
    return (!expected.empty() && !actual.empty()) || IsFloatOverflow(off.outcomes[i]) ||
           IsFloatOverflow(on.outcomes[i]);
  }
  return false;
}

Verdict Checker::Check(const Query &query, bool is_tame) {
  const Script script = Render(query);
  Verdict verdict;
  std::string plan;
  const std::vector<Outcome> off_plans = ExplainAll(query, script, "off");
  Prepare(query, "off");
  Answer off = Run(script);
  if (!ChooseMode(query, script, &plan, &verdict)) return verdict;
  const std::vector<Outcome> on_plans = ExplainAll(query, script, verdict.mode.c_str());
  Prepare(query, verdict.mode.c_str());
  const Answer on = Run(script);
  if (!on.lost_at.empty()) {
    verdict.failure = Failure::kCrash;
    verdict.kind = "crash";
    verdict.detail = Cat("The server went away in: ", on.lost_at.substr(0, 200));
    return verdict;
  }
  bool is_race = false;
  for (std::size_t i = 0; i < off_plans.size() && i < on_plans.size(); ++i) {
    is_race |= IsRace(off_plans[i], on_plans[i]);
    verdict.strictness =
        std::max(verdict.strictness, StrictnessOf(off_plans[i], on_plans[i], query, is_tame));
  }
  if (is_race && FailDifferently(off, on)) {
    Query alone = query;
    alone.settings.emplace_back("max_parallel_workers_per_gather", "0");
    return Check(alone, is_tame);
  }
  Compare(query, off, on, verdict.strictness, &verdict);
  if (verdict.failure == Failure::kNone && verdict.is_taken && plan.size() % 4 == 0) {
    Analyze(query, script, verdict.is_void, &verdict);
  }
  return verdict;
}

}  // namespace weir::differential
