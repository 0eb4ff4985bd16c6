// A running pgbench: its command line, its progress, and the transactions in its log.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "load/process.hpp"
#include "measure/transaction.hpp"
#include "plan/schedule.hpp"

namespace weir::sim {

struct PgbenchOptions {
  std::string program = "pgbench";
  std::filesystem::path directory;  // for scripts and logs; vanishes with the run
  std::vector<std::pair<std::string, std::int64_t>> variables;  // what scripts refer to
};

class Pgbench {
 public:
  // `number` tells this process's files and transactions from others'.
  Pgbench(const Load &load, int number, const PgbenchOptions &options);

  // Reads what is new: progress, messages, transactions.
  void Read(std::vector<Transaction> &transactions);

  bool HasEnded() { return process_.HasEnded(); }
  // After the transactions that are running when it has a duration, at once when it has a number.
  void Stop() const;
  void Kill() const;

  double tps() const { return tps_; }  // by its last progress line
  const std::vector<std::string> &errors() const { return errors_; }
  const std::string &summary() const { return process_.output(); }
  int exit_code() const { return process_.exit_code(); }

 private:
  struct LogFile {
    std::filesystem::path path;
    std::ifstream stream;
    std::string rest;  // a line that is not yet complete
  };
  void ReadLog(LogFile &log, std::vector<Transaction> &transactions) const;

  const Load &load_;
  int number_;
  Process process_;
  std::vector<LogFile> logs_;
  std::vector<std::string> errors_;
  double tps_ = 0;
};

}  // namespace weir::sim
