// Runs random queries with the streaming executor on and off and compares what they give.
//
// SEED=n repeats a run, COUNT=n sets the number of queries, WINDOWS=1 runs queries over windows
// instead of groups, STOCK_PATIENCE=n gives PostgreSQL n milliseconds for one of those,
// FINDINGS=dir keeps a script of each distinct failure there. The server is the one that the usual
// PG* variables name.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "shrink.hpp"

namespace weir::differential {
namespace {

constexpr int kQueriesPerWorld = 40;
constexpr int kShrinkAttempts = 250;
constexpr int kShrunkFailures = 25;

struct Totals {
  int passed = 0;
  int failed = 0;
  int taken = 0;
  int spared = 0;
  int void_results = 0;  // errors both ways
  int parallel = 0;
  int spilled = 0;
  int rescanned = 0;
  int by_strictness[3] = {};  // of those taken
  std::map<std::string, int> by_kind;
};

std::uint64_t NumberFrom(const char *variable, std::uint64_t otherwise) {
  const char *text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

class Run {
 public:
  Run(std::uint64_t seed, int count, bool is_windowed)
      : seed_(seed),
        count_(count),
        is_windowed_(is_windowed),
        session_(20000),
        checker_(session_, static_cast<int>(NumberFrom("STOCK_PATIENCE", 20000))) {}

  bool Go() {
    if (!session_.IsAlive()) {
      std::printf("differential: no server\n");
      return false;
    }
    session_.Run("CREATE EXTENSION IF NOT EXISTS pg_weir");
    for (int world = 0; done_ < count_; ++world) {
      if (!RunWorld(world)) return false;
    }
    return true;
  }

  int Report() const {
    std::printf("taken by the streaming node: %d of %d (%.1f %%); errors both ways: %d\n",
                totals_.taken, done_, 100.0 * totals_.taken / std::max(done_, 1),
                totals_.void_results);
    std::printf(
        "of them in parallel: %d; seen to spill: %d; below a nested loop or as a subplan: %d\n",
        totals_.parallel, totals_.spilled, totals_.rescanned);
    std::printf(
        "compared to the bit: %d; but for the order of additions: %d; by number of rows: %d\n",
        totals_.by_strictness[0], totals_.by_strictness[1], totals_.by_strictness[2]);
    std::printf("errors of conditions that only PostgreSQL's order of conditions meets: %d\n",
                totals_.spared);
    for (const auto &[kind, number] : totals_.by_kind)
      std::printf("failures \"%s\": %d\n", kind.c_str(), number);
    std::printf("distinct failures: %zu\n", seen_.size());
    std::printf("differential: %d passed, %d failed\n", totals_.passed, totals_.failed);
    return totals_.failed == 0 && totals_.passed > 0 ? 0 : 1;
  }

 private:
  bool RunWorld(int number) {
    Random random(seed_ * 1000003 + static_cast<std::uint64_t>(number));
    const World world = DrawWorld(random);
    std::string why;
    if (!checker_.Build(world, &why)) {
      std::printf("cannot build schema %d of seed %llu: %s\n", number,
                  static_cast<unsigned long long>(seed_), why.c_str());
      ++totals_.failed;
      return session_.IsAlive();
    }
    for (int i = 0; i < kQueriesPerWorld && done_ < count_; ++i) {
      const Query query = DrawQuery(random, world, is_windowed_);
      const Verdict verdict = checker_.Check(query, world.is_tame);
      Count(verdict);
      if (verdict.failure == Failure::kNone) continue;
      if (!checker_.Build(world, &why)) return false;
      Show({world, query}, verdict, number, i);
      if (!checker_.Build(world, &why)) return false;
    }
    return true;
  }

  void Count(const Verdict &verdict) {
    ++done_;
    totals_.taken += verdict.is_taken;
    totals_.by_strictness[static_cast<int>(verdict.strictness)] += verdict.is_taken;
    totals_.parallel += verdict.is_parallel;
    totals_.spilled += verdict.is_spilled;
    totals_.rescanned += verdict.is_rescanned;
    totals_.spared += verdict.is_spared;
    totals_.void_results += verdict.is_void;
    const bool is_good = verdict.failure == Failure::kNone;
    ++(is_good ? totals_.passed : totals_.failed);
    if (!is_good) ++totals_.by_kind[Cat(NameOf(verdict.failure), " ", verdict.kind)];
  }

  // Whether the failing case is new, it is cut down first: that is when it can be told.
  void Show(const Case &failing, const Verdict &verdict, int world, int number) {
    Case shown = failing;
    if (static_cast<int>(seen_.size()) < kShrunkFailures) {
      shown = Shrink(checker_, failing, verdict, kShrinkAttempts);
    }
    Verdict final = verdict;
    std::string why;
    if (checker_.Build(shown.world, &why)) {
      const Verdict again = checker_.Check(shown.query, shown.world.is_tame);
      if (again.failure == verdict.failure) final = again;
    }
    if (!seen_.insert(SignatureOf(shown, final)).second) return;
    const std::string script = Cat("-- seed ", seed_, ", schema ", world, ", query ", number, "\n",
                                   ScriptOf(shown, final));
    std::printf("---- failure %zu\n%s----\n", seen_.size(), script.c_str());
    std::fflush(stdout);
    const char *directory = std::getenv("FINDINGS");
    if (directory == nullptr || *directory == '\0') return;
    char name[32];
    std::snprintf(name, sizeof(name), "/%llu-%03zu.sql",
                  static_cast<unsigned long long>(seed_ % 100000), seen_.size());
    std::ofstream(directory + std::string(name)) << script;
  }

  std::uint64_t seed_;
  int count_;
  bool is_windowed_;
  Session session_;
  Checker checker_;
  Totals totals_;
  std::set<std::string> seen_;
  int done_ = 0;
};

}  // namespace
}  // namespace weir::differential

int main() {
  using weir::differential::NumberFrom;
  const std::uint64_t seed = NumberFrom("SEED", std::random_device{}());
  const int count = static_cast<int>(NumberFrom("COUNT", 10000));
  std::printf("SEED=%llu COUNT=%d\n", static_cast<unsigned long long>(seed), count);
  std::fflush(stdout);
  const auto started = std::chrono::steady_clock::now();
  weir::differential::Run run(seed, count, NumberFrom("WINDOWS", 0) != 0);
  const bool is_whole = run.Go();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf("%.0f seconds\n", took.count());
  const int status = run.Report();
  return is_whole ? status : 1;
}
