#include "server/crm.hpp"

#include <chrono>

#include "support/assets.hpp"
#include "support/failure.hpp"
#include "support/interrupt.hpp"

namespace weir::sim {
namespace {

// Rows to write between two commits: some tenths of a second, so that progress is seen and little
// is lost.
constexpr std::int64_t kRowsPerChunk = 50'000;
constexpr int kPollMs = 200;

struct Part {
  const char *name;
  std::int64_t rows_of_average;
  bool is_tenants;
};

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Replaces ":name" for each known name, as psql does; "::" and ":other" stay.
std::string Substitute(std::string text,
                       const std::vector<std::pair<std::string, std::int64_t>> &values) {
  for (const auto &[name, value] : values) {
    const std::string mark = ":" + name;
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
      text.replace(at, mark.size(), std::to_string(value));
    }
  }
  return text;
}

class Seeder {
 public:
  Seeder(Connection &connection, const Scenario &scenario, std::int64_t seed,
         const SeedProgress &progress)
      : connection_(connection), scenario_(scenario), seed_(seed), progress_(progress) {}

  bool Exists() {
    return connection_.Value("SELECT to_regnamespace('weirsim') IS NOT NULL") == "t";
  }

  // The schema is ours when its list of chunks is there.
  void CheckOwnership() {
    if (connection_.Value("SELECT to_regclass('weirsim.seed_run') IS NOT NULL") == "t") return;
    throw Failure(Exit::kServer,
                  "schema weirsim exists and was not made by weirsim: drop it, or use "
                  "another database");
  }

  std::string KeyThere() { return connection_.Value("SELECT key FROM weirsim.seed_run"); }
  bool IsComplete() { return connection_.Value("SELECT complete FROM weirsim.seed_run") == "t"; }

  void Drop() { Await("DROP SCHEMA weirsim CASCADE"); }

  void Create() {
    connection_.Run(
        "BEGIN; CREATE SCHEMA weirsim; SET LOCAL search_path = weirsim, pg_temp; " +
        std::string(Asset("crm/schema.sql")) +
        "CREATE TABLE weirsim.seed_run (key text NOT NULL, complete boolean NOT NULL);"
        "CREATE TABLE weirsim.seed_chunk (part text, first bigint, rows bigint NOT NULL,"
        " PRIMARY KEY (part, first));");
    connection_.Query("INSERT INTO weirsim.seed_run VALUES ($1, false)",
                      {SeedKey(scenario_, seed_)});
    connection_.Run("COMMIT");
  }

  // Rows written now; what a former run committed is not counted.
  std::int64_t Fill() {
    done_ = std::stoll(connection_.Value("SELECT coalesce(sum(rows), 0) FROM weirsim.seed_chunk"));
    const std::int64_t before = done_;
    const Part parts[] = {{"tenants", 0, true},
                          {"contacts", scenario_.contacts, false},
                          {"organizations", scenario_.organizations, false},
                          {"interactions", scenario_.interactions, false}};
    for (const Part &part : parts) FillPart(part);
    return done_ - before;
  }

  void Finish() {
    Report("keys and indexes");
    Await(
        "BEGIN; SET LOCAL search_path = weirsim, pg_temp; SET LOCAL maintenance_work_mem = "
        "'256MB'; " +
        std::string(Asset("crm/keys.sql")) + "UPDATE weirsim.seed_run SET complete = true; COMMIT");
    Report("statistics");
    for (const char *table : {"tenants", "contacts", "organizations", "interactions"}) {
      Await(fmt::format("VACUUM ANALYZE weirsim.{}", table));
    }
  }

 private:
  void FillPart(const Part &part) {
    const std::int64_t per_five = part.is_tenants ? 5 : part.rows_of_average / 10 * 57;
    const std::int64_t fives = std::max<std::int64_t>(1, kRowsPerChunk / per_five);
    const std::int64_t step = part.is_tenants ? scenario_.tenants : 5 * fives;
    for (std::int64_t first = 1; first <= scenario_.tenants; first += step) {
      const std::int64_t last = std::min(first + step - 1, scenario_.tenants);
      if (IsThere(part.name, first)) continue;
      const std::int64_t rows = per_five * ((last - first + 1) / 5);
      FillChunk(part.name, first, last, rows);
      done_ += rows;
      Report(part.name);
    }
  }

  bool IsThere(const std::string &part, std::int64_t first) {
    return connection_.Value(
               "SELECT EXISTS (SELECT FROM weirsim.seed_chunk WHERE part = $1 AND "
               "first = $2::bigint)",
               {part, std::to_string(first)}) == "t";
  }

  // Each chunk starts the random numbers anew, so that it holds the same rows whenever it is
  // written.
  void FillChunk(const std::string &part, std::int64_t first, std::int64_t last,
                 std::int64_t rows) {
    const std::string fill = Substitute(std::string(Asset("crm/seed/" + part + ".sql")),
                                        {{"first", first},
                                         {"last", last},
                                         {"contacts", scenario_.contacts},
                                         {"orgs", scenario_.organizations},
                                         {"interactions", scenario_.interactions}});
    const double random =
        static_cast<double>((seed_ * 7919 + first * 104729) % 1'000'003) / 1e6 - 0.5;
    Await(fmt::format(
        "BEGIN; SET LOCAL search_path = weirsim, pg_temp; SET LOCAL synchronous_commit = off; "
        "DO $$ BEGIN PERFORM setseed({:.6f}); END $$; {}"
        "INSERT INTO weirsim.seed_chunk VALUES ('{}', {}, {}); COMMIT",
        random, fill, part, first, rows));
  }

  void Await(const std::string &statements) {
    connection_.Start(statements);
    bool is_cancelled = false;
    while (!connection_.Poll(kPollMs)) {
      if (IsInterrupted() && !is_cancelled) {
        connection_.Cancel();
        is_cancelled = true;
      }
      Report("");
    }
    if (IsInterrupted()) throw Failure(Exit::kInterrupted, "interrupted");
  }

  void Report(const std::string &what) {
    if (!what.empty()) what_ = what;
    progress_(done_, scenario_.Rows(), what_);
  }

  Connection &connection_;
  const Scenario &scenario_;
  std::int64_t seed_;
  const SeedProgress &progress_;
  std::int64_t done_ = 0;
  std::string what_ = "tenants";
};

}  // namespace

std::string SeedKey(const Scenario &scenario, std::int64_t seed) {
  return fmt::format("tenants {} contacts {} organizations {} interactions {} seed {}",
                     scenario.tenants, scenario.contacts, scenario.organizations,
                     scenario.interactions, seed);
}

Seeding Seed(Connection &connection, const Scenario &scenario, std::int64_t seed, bool reuse,
             const SeedProgress &progress) {
  Seeder seeder(connection, scenario, seed, progress);
  const double start = Now();
  Seeding seeding;
  bool is_begun = false;
  if (seeder.Exists()) {
    seeder.CheckOwnership();
    const bool is_equal = seeder.KeyThere() == SeedKey(scenario, seed);
    const bool is_complete = seeder.IsComplete();
    if (reuse && is_equal && is_complete) {
      seeding.is_reused = true;
      return seeding;
    }
    if (reuse && !is_equal) {
      throw Failure(Exit::kUsage,
                    "there is nothing to reuse: schema weirsim holds \"{}\", not \"{}\"",
                    seeder.KeyThere(), SeedKey(scenario, seed));
    }
    is_begun = is_equal && !is_complete;
    if (!is_begun) seeder.Drop();
  }
  if (!is_begun) seeder.Create();
  try {
    seeding.rows = seeder.Fill();
    seeder.Finish();
  } catch (const Failure &failure) {
    throw Failure(failure.code(),
                  "{}; schema weirsim is seeded in part: the same command goes on, and "
                  "DROP SCHEMA weirsim CASCADE removes it",
                  failure.what());
  }
  seeding.seconds = Now() - start;
  return seeding;
}

}  // namespace weir::sim
