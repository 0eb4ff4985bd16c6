#include "command/run.hpp"

#include <chrono>
#include <memory>
#include <optional>

#include "load/driver.hpp"
#include "load/live.hpp"
#include "plan/mix.hpp"
#include "report/document.hpp"
#include "report/page.hpp"
#include "server/continuous.hpp"
#include "server/embedded.hpp"
#include "server/preflight.hpp"
#include "support/files.hpp"
#include "support/interrupt.hpp"

namespace weir::sim {
namespace {

void CheckNumbers(const RunOptions &options) {
  constexpr int kMostClients = 1000;
  if (options.clients < 0 || options.clients > kMostClients) {
    throw Failure(Exit::kUsage, "clients must be from 1 to {}, not {}", kMostClients,
                  options.clients);
  }
  if (!(options.rate >= 0)) throw Failure(Exit::kUsage, "the rate must not be negative");
  if (options.duration_s < 0) throw Failure(Exit::kUsage, "the duration must not be negative");
  if (options.seed < 0) throw Failure(Exit::kUsage, "the seed must not be negative");
  if (options.pairs < 1) throw Failure(Exit::kUsage, "there must be at least one pair");
}

SeedProgress ShowSeeding(LiveLine &live) {
  const auto start = std::chrono::steady_clock::now();
  return [&live, start](std::int64_t done, std::int64_t total, const std::string &what) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    const double share = static_cast<double>(done) / static_cast<double>(total);
    const double rate = static_cast<double>(done) / std::max(passed.count(), 1e-3);
    live.Show(fmt::format("seeding {} {:3.0f} %  {} of {} rows  {} rows/s  {}  left {}",
                          Bar(share, 20), share * 100, Thousands(done), Thousands(total),
                          Thousands(static_cast<std::int64_t>(rate)), what,
                          Clock(static_cast<double>(total - done) / std::max(rate, 1.0))));
  };
}

// Of ours, only the load is to be in the log; a role that may not switch that off leaves a few more
// rows.
void KeepControlOut(Connection &control) {
  if (control.Value("SELECT current_setting('is_superuser')") == "on") {
    control.Run("SET weir.capture = off");
  }
}

Seeding SeedOrSayWhatIsLeft(Connection &control, const RunFacts &facts, LiveLine &live) {
  try {
    return Seed(control, facts.scenario, facts.options.seed, facts.options.reuse,
                ShowSeeding(live));
  } catch (const Failure &failure) {
    if (facts.options.is_embedded || failure.code() == Exit::kUsage) throw;
    throw Failure(failure.code(),
                  "{}; schema weirsim may be seeded in part: the same command goes on, and DROP "
                  "SCHEMA weirsim CASCADE removes it",
                  failure.what());
  }
}

void SeedServer(Connection &control, RunFacts &facts, LiveLine &live) {
  facts.seeding = SeedOrSayWhatIsLeft(control, facts, live);
  const Seeding &seeding = facts.seeding;
  live.Print(
      seeding.is_reused
          ? fmt::format("seeding: {} rows are there already", Thousands(facts.scenario.Rows()))
          : fmt::format("seeding: {} rows in {:.1f} s, {} rows/s", Thousands(seeding.rows),
                        seeding.seconds,
                        Thousands(static_cast<std::int64_t>(static_cast<double>(seeding.rows) /
                                                            seeding.seconds))));
}

PgbenchOptions PgbenchFor(const RunOptions &options, const Scenario &scenario,
                          const std::filesystem::path &directory) {
  PgbenchOptions pgbench;
  if (options.is_embedded || !options.bindir.empty()) {
    pgbench.program = FindBindir(options.bindir) + "/pgbench";
  }
  pgbench.directory = directory;
  pgbench.variables = {{"tenants", scenario.tenants}, {"contacts", scenario.contacts}};
  return pgbench;
}

std::string ServerTime(Connection &control) {
  return control.Value("SELECT to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.USOF')");
}

// What the worker used between two looks at it, if it is still the same.
std::optional<ProcessUsage> UsedMeanwhile(const std::optional<ProcessUsage> &before, int pid) {
  std::optional<ProcessUsage> after = UsageOf(pid);
  if (!before || !after) return std::nullopt;
  after->cpu_s -= before->cpu_s;
  return after;
}

void LoadServer(Connection &control, RunFacts &facts, LiveLine &live) {
  const TemporaryDirectory directory;
  // What seeding left in the ring is not this run's.
  control.Run("SELECT weir.flush()");
  const RingSample before = SampleRing(control);
  const bool is_here = facts.machine["server_is_local"].get<bool>();
  const std::optional<ProcessUsage> worker =
      is_here ? UsageOf(before.worker_pid) : std::optional<ProcessUsage>();
  facts.window.from = ServerTime(control);
  Driver driver(PgbenchFor(facts.options, facts.scenario, directory.path()), control, live);
  facts.result = RunMode(facts.mode, facts.options, facts.scenario, driver, control);
  facts.seconds = driver.Elapsed();
  facts.is_interrupted = IsInterrupted();
  control.Run("SELECT weir.flush()");
  facts.window.to = ServerTime(control);
  facts.ring = Difference(before, SampleRing(control));
  facts.worker = UsedMeanwhile(worker, before.worker_pid);
  facts.ring_series = driver.ring();
  facts.transactions = driver.transactions();
  facts.errors = driver.errors();
  facts.operations = driver.Operations();
  facts.failed = driver.failed();
  facts.start_us = driver.start_us();
}

void AskLog(Connection &control, RunFacts &facts) {
  facts.logged = LoggedOf(control, facts.window);
  facts.tenants = TenantsOf(control, facts.window);
  facts.queries = QueriesOf(control, facts.window);
  facts.fields = FieldsOf(control, facts.window);
}

std::vector<std::string> ScriptNames(const RunFacts &facts) {
  std::vector<std::string> names;
  if (facts.mode == Mode::kConnections) return names;
  for (const Operation &operation : FindMix(facts.options.mix, facts.options.writes)) {
    names.push_back(operation.name);
  }
  return names;
}

void PrintChange(const char *what, const Json &change, const char *unit, LiveLine &live) {
  live.Print(
      fmt::format("capture changes {} by {:+.2f} {} ({:+.2f} to {:+.2f}, {:.1f} % confidence)",
                  what, change["middle"].get<double>(), unit, change["low"].get<double>(),
                  change["high"].get<double>(), change["confidence"].get<double>() * 100));
}

void PrintSummary(const Json &document, LiveLine &live) {
  const Json &total = document["total"];
  const Json &records = document["records"];
  live.Print(
      fmt::format("load: {} operations in {:.1f} s, {:.0f}/s; p50 {:.2f} ms, p95 {:.2f} ms, "
                  "p99 {:.2f} ms; {} failed",
                  Thousands(total["operations"]), total["seconds"].get<double>(),
                  total["throughput"].get<double>(), total["p50_ms"].get<double>(),
                  total["p95_ms"].get<double>(), total["p99_ms"].get<double>(),
                  total["failed"].get<std::int64_t>()));
  live.Print(
      fmt::format("log: {} statements captured, {} flushed, {} folded, {} dropped; the books "
                  "{}",
                  Thousands(records["captured"]), Thousands(records["flushed"]),
                  Thousands(records["folded"]), Thousands(records["dropped"]),
                  records["balanced"].get<bool>() ? "balance" : "do not balance"));
  if (document.contains("overhead")) {
    const Json &overhead = document["overhead"];
    PrintChange("throughput", overhead["throughput_percent"], "%", live);
    if (overhead.contains("server_cpu_percent")) {
      PrintChange("the server's CPU time", overhead["server_cpu_percent"], "%", live);
    }
    PrintChange("the median latency", overhead["added_p50_us"], "us", live);
    PrintChange("the p99 latency", overhead["added_p99_us"], "us", live);
  }
}

Exit Judge(const RunFacts &facts) {
  if (facts.is_interrupted) return Exit::kInterrupted;
  if (facts.transactions.empty()) {
    throw Failure(Exit::kLoad, "pgbench did nothing: {}",
                  facts.errors.empty() ? "it said nothing" : facts.errors.front());
  }
  return Exit::kOk;
}

// The work between a server that is there and a report.
Exit RunOnServer(RunFacts &facts, const std::filesystem::path &out, LiveLine &live) {
  Connection control("weirsim control");
  CheckServer(control);
  KeepControlOut(control);
  facts.machine = MachineOf(control);
  SeedServer(control, facts, live);
  if (facts.mode == Mode::kProduction || facts.mode == Mode::kOverhead) {
    facts.capture_cost = MeasureCaptureCost();
  }
  // Where runs are compared, nothing else is to run beside them.
  const bool is_comparison = facts.mode == Mode::kOverhead || facts.mode == Mode::kConnections;
  std::optional<ContinuousQueries> continuous;
  if (!is_comparison) continuous.emplace(control);
  LoadServer(control, facts, live);
  if (continuous) facts.continuous = continuous->Read();
  facts.settings = SettingsOf(control);
  AskLog(control, facts);

  const Json document = MakeDocument(facts, ScriptNames(facts));
  const std::string name = fmt::format("{}-{}", facts.scenario.name, facts.options.mode);
  WriteFile(out / (name + ".json"), document.dump(1) + "\n");
  WriteFile(out / (name + ".html"), MakePage(document));
  PrintSummary(document, live);
  for (const std::string &error : facts.errors) live.Print("pgbench: " + error);
  live.Print(fmt::format("report: {}{}", (out / (name + ".html")).string(),
                         facts.is_interrupted ? " (interrupted: of what ran)" : ""));
  return Judge(facts);
}

}  // namespace

Exit Run(const RunOptions &asked) {
  CheckNumbers(asked);
  RunFacts facts;
  facts.mode = FindMode(asked.mode);
  facts.scenario = FindScenario(asked.scenario, asked.scale);
  facts.options = WithDefaults(asked, facts.mode, facts.scenario);
  FindMix(asked.mix, asked.writes);
  const std::filesystem::path out = MakeDirectory(asked.out);
  CatchInterrupts();
  LiveLine live(asked.is_quiet);

  std::unique_ptr<EmbeddedServer> server;
  if (asked.is_embedded) server = std::make_unique<EmbeddedServer>(asked.bindir);
  try {
    return RunOnServer(facts, out, live);
  } catch (const Failure &failure) {
    // A server of our own goes with its log.
    const std::string reason = server ? server->LastProblem() : "";
    if (reason.empty()) throw;
    throw Failure(failure.code(), "{}; the server's last words: {}", failure.what(), reason);
  }
}

}  // namespace weir::sim
