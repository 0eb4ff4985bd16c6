// Runs pgbench processes by a schedule, watches the ring meanwhile, and keeps what was measured.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "load/live.hpp"
#include "load/pgbench.hpp"
#include "measure/transaction.hpp"
#include "plan/schedule.hpp"
#include "server/connection.hpp"
#include "server/ring.hpp"

namespace weir::sim {

struct LoadResult {
  double from_s = 0;  // since the first load of all began
  double to_s = 0;
  double tps = 0;  // pgbench's own figure, without the time to connect
  std::int64_t failed = 0;
  int load = -1;  // its number in transactions(); -1 if it was not started
};

class Driver {
 public:
  Driver(PgbenchOptions options, Connection &control, LiveLine &live);

  // How long all calls of Run() will take together, for the remaining time; 0 if nobody knows.
  void ExpectSeconds(double seconds) { expected_s_ = seconds; }

  // Runs all loads, each from its start; returns when the last has ended, or was ended by Ctrl-C.
  std::vector<LoadResult> Run(const std::vector<Load> &loads);

  const std::vector<Transaction> &transactions() const { return transactions_; }
  const std::vector<RingSample> &ring() const { return ring_; }
  const std::vector<std::string> &errors() const { return errors_; }
  std::int64_t failed() const { return failed_; }
  std::int64_t start_us() const { return start_us_; }
  const std::vector<int> &operations_of_load() const { return operations_of_load_; }
  std::int64_t Operations() const;  // in the transactions that went well
  double Elapsed() const;           // seconds since the first load began

 private:
  struct Running {
    const Load *load;
    std::unique_ptr<Pgbench> pgbench;
    std::size_t result;
    double due_s;
  };
  void StartDue(const std::vector<Load> &loads, double begin_s, std::vector<LoadResult> &results);
  void ReapEnded(std::vector<LoadResult> &results);
  void StopAll();
  void Watch();
  void ShowLine();
  double RecentP95() const;
  double SecondsLeft() const;

  PgbenchOptions options_;
  Connection &control_;
  LiveLine &live_;
  std::vector<Running> running_;
  std::vector<Transaction> transactions_;
  std::vector<RingSample> ring_;
  std::vector<std::string> errors_;
  std::vector<int> operations_of_load_;
  RingSample ring_before_;
  std::int64_t failed_ = 0;
  std::int64_t goal_ = 0;  // transactions of the loads that count them
  std::int64_t start_us_ = 0;
  double expected_s_ = 0;
  double next_watch_s_ = 0;
  double stopped_s_ = -1;
  std::size_t next_ = 0;
};

}  // namespace weir::sim
