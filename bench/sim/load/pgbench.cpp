#include "load/pgbench.hpp"

#include <fmt/format.h>

#include <csignal>

#include "measure/pgbench_log.hpp"
#include "support/files.hpp"

namespace weir::sim {
namespace {

std::string SessionOptions(const Load &load) {
  std::string options = "-c search_path=weirsim";
  for (const auto &[name, value] : load.settings) options += fmt::format(" -c {}={}", name, value);
  return options;
}

Command CommandFor(const Load &load, int number, const PgbenchOptions &options) {
  Command command;
  command.environment = {{"PGAPPNAME", "weirsim"}, {"PGOPTIONS", SessionOptions(load)}};
  const std::string prefix = (options.directory / fmt::format("log{}", number)).string();
  std::vector<std::string> &arguments = command.arguments;
  arguments = {options.program,
               "-n",
               "--progress=1",
               "--log",
               "--log-prefix=" + prefix,
               fmt::format("--client={}", load.clients),
               fmt::format("--jobs={}", load.threads),
               fmt::format("--random-seed={}", load.seed)};
  if (load.rate > 0) arguments.push_back(fmt::format("--rate={:.3f}", load.rate));
  arguments.push_back(load.transactions > 0 ? fmt::format("--transactions={}", load.transactions)
                                            : fmt::format("--time={}", load.duration_s));
  if (load.reconnects) arguments.emplace_back("--connect");
  for (const auto &[name, value] : options.variables) {
    arguments.push_back(fmt::format("--define={}={}", name, value));
  }
  for (const WeightedScript &script : load.scripts) {
    const auto path = options.directory / (script.name + ".sql");
    if (!std::filesystem::exists(path)) WriteFile(path, script.text);
    arguments.push_back(fmt::format("--file={}@{}", path.string(), script.weight));
  }
  return command;
}

}  // namespace

Pgbench::Pgbench(const Load &load, int number, const PgbenchOptions &options)
    : load_(load), number_(number), process_(CommandFor(load, number, options)) {
  for (int thread = 0; thread < load.threads; ++thread) {
    std::string name = fmt::format("log{}.{}", number, process_.pid());
    if (thread > 0) name += fmt::format(".{}", thread);
    logs_.push_back({options.directory / name, {}, {}});
  }
}

void Pgbench::Read(std::vector<Transaction> &transactions) {
  std::vector<std::string> lines;
  process_.Read(lines);
  for (std::string &line : lines) {
    if (const auto progress = ParseProgressLine(line)) {
      tps_ = progress->tps;
    } else if (line.starts_with("pgbench: error:") || line.starts_with("pgbench: fatal:")) {
      line.erase(0, sizeof("pgbench: error:"));
      if (!line.starts_with("Run was aborted")) errors_.push_back(line);
    }
  }
  for (LogFile &log : logs_) ReadLog(log, transactions);
}

void Pgbench::ReadLog(LogFile &log, std::vector<Transaction> &transactions) const {
  if (!log.stream.is_open()) log.stream.open(log.path, std::ios::binary);
  if (!log.stream.is_open()) return;
  char buffer[65536];
  while (true) {
    log.stream.clear();
    log.stream.read(buffer, sizeof(buffer));
    if (log.stream.gcount() == 0) return;
    log.rest.append(buffer, static_cast<std::size_t>(log.stream.gcount()));
    std::size_t start = 0;
    for (std::size_t end = log.rest.find('\n'); end != std::string::npos;
         end = log.rest.find('\n', start)) {
      if (auto one = ParseLogLine(std::string_view(log.rest).substr(start, end - start))) {
        one->load = number_;
        transactions.push_back(*one);
      }
      start = end + 1;
    }
    log.rest.erase(0, start);
  }
}

// pgbench ends a timed run by SIGALRM, and so in order; a counted run knows no such thing.
void Pgbench::Stop() const { process_.Signal(load_.transactions > 0 ? SIGINT : SIGALRM); }

void Pgbench::Kill() const { process_.Signal(SIGKILL); }

}  // namespace weir::sim
