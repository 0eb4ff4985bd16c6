// Window functions over partitions that are whole in memory.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/base/arena.hpp"
#include "core/window/partition_store.hpp"
#include "core/window/window_kernels.hpp"
#include "core/window/window_results.hpp"

namespace weir::core {

class PartitionRun {
 public:
  // The store is finished; it and the plan outlive the run.
  PartitionRun(std::pmr::memory_resource &memory, const WindowPlan &plan,
               const PartitionStore &store);

  // Computes results for the next rows, at most kBatchRows of one partition: rows [first_row(),
  // first_row() + count) of the store, where count is what it returns, zero at the end.
  int Next(WindowResults &results);
  std::int64_t first_row() const noexcept { return first_row_; }

 private:
  void StartPartition();
  void FillSeries(int series);
  void FillPeerEnds(int order_columns);
  void FindPeers(std::int64_t row, int count);
  void TakeRows(const WindowFunction &function, int count, const WindowResult &result) const;

  struct Series {
    std::pmr::vector<std::int64_t> word;
    std::pmr::vector<std::uint8_t> null;
    SeriesView view;
  };

  const WindowPlan &plan_;
  const PartitionStore &store_;
  Arena deques_;
  std::pmr::vector<Series> series_;
  std::pmr::vector<std::pmr::vector<std::int64_t>> peer_end_;  // by number of order columns
  std::pmr::vector<FunctionState> states_;
  std::int64_t number_ = -1;
  PartitionStore::Partition partition_{};
  std::int64_t done_ = 0;  // rows of the partition
  std::int64_t first_row_ = 0;
  int identity_[kBatchRows];
  std::uint8_t equal_prefix_[kBatchRows];
};

}  // namespace weir::core
