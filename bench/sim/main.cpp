// weirsim: simulates a company of many tenants on a server with pg_weir, and reports what it saw.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

#include "command/files.hpp"
#include "command/options.hpp"
#include "command/run.hpp"

namespace {

using weir::sim::Exit;
using weir::sim::RunOptions;

void DefineRun(CLI::App &run, RunOptions &options) {
  run.add_option("--scenario", options.scenario, "small, medium, large or stress-test")
      ->capture_default_str();
  run.add_option("--mode", options.mode, "burst, production, ramp, overhead or connections")
      ->capture_default_str();
  run.add_option("--mix", options.mix, "mixed, email, phone, industry, ecommerce or analytics")
      ->capture_default_str();
  run.add_option("--writes", options.writes, "share of writes, 0 to 1")->capture_default_str();
  run.add_option("--scale", options.scale, "multiplies each tenant's rows and queries")
      ->capture_default_str();
  run.add_option("--clients", options.clients, "connections (8, production 16, ramp 100)");
  run.add_option("--rate", options.rate,
                 "transactions offered a second (production: 10 for each tenant)");
  run.add_option("--duration", options.duration_s,
                 "seconds, of modes that do not count (production 60, ramp 90)");
  run.add_option("--seed", options.seed, "same seed, same operations")->capture_default_str();
  run.add_option("--pairs", options.pairs, "pairs of runs that overhead compares")
      ->capture_default_str();
  run.add_option("--out", options.out, "directory of the results")->capture_default_str();
  run.add_flag("--embedded", options.is_embedded, "start a throw-away server for this run");
  run.add_option("--bindir", options.bindir, "directory of PostgreSQL's programs");
  run.add_flag("--reuse", options.reuse, "keep the rows that an equal run has seeded");
  run.add_flag("--quiet", options.is_quiet, "print nothing but errors");
}

Exit Dispatch(int argc, char **argv) {
  CLI::App app(
      "Simulates a company of many tenants on a server with pg_weir. The PG* variables say "
      "which; see docs/simulation.md.");
  app.require_subcommand(1);

  RunOptions options;
  CLI::App *run = app.add_subcommand("run", "seed, load, and write a result and its report");
  DefineRun(*run, options);

  std::string before;
  std::string after;
  double percent = 10;
  CLI::App *compare = app.add_subcommand("compare", "say whether one result is worse than another");
  compare->add_option("before", before, "result of the run to compare with")->required();
  compare->add_option("after", after, "result of the run in question")->required();
  compare->add_option("--percent", percent, "how much worse is a regression")
      ->capture_default_str();

  std::string result;
  std::string page;
  CLI::App *report = app.add_subcommand("report", "write the report of a result anew");
  report->add_option("result", result, "the JSON file")->required();
  report->add_option("--output", page, "the page; beside the result by default");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? Exit::kOk : Exit::kUsage;
  }
  if (*run) return weir::sim::Run(options);
  if (*compare) return weir::sim::CompareFiles(before, after, percent);
  return weir::sim::ReportFile(result, page);
}

}  // namespace

int main(int argc, char **argv) {
  try {
    return static_cast<int>(Dispatch(argc, argv));
  } catch (const weir::sim::Failure &failure) {
    fmt::print(stderr, "\nweirsim: {}\n", failure.what());
    return static_cast<int>(failure.code());
  } catch (const std::exception &error) {
    fmt::print(stderr, "\nweirsim: {}\n", error.what());
    return static_cast<int>(Exit::kServer);
  }
}
