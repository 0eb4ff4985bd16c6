// Batches in, groups out: keys to group rows first, then one tight loop per column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>

#include "core/column/column.hpp"
#include "core/group/group_table.hpp"
#include "core/group/row_layout.hpp"
#include "core/group/update_kernels.hpp"

namespace weir::core {

// What to compute. `careful` keeps states that notice when PostgreSQL's float arithmetic would
// overflow; without it the aggregator asks to be restarted when it meets a float large enough.
struct AggregatorPlan {
  RowLayout layout;
  ValueKind kinds[kMaxColumns] = {};
  bool is_careful = false;
};

class HashAggregator {
 public:
  // `plan` outlives the aggregator. Without keys there is one group from the start.
  HashAggregator(std::pmr::memory_resource &memory, const AggregatorPlan &plan, std::size_t limit,
                 double expected_groups);

  // Whether the batch holds a float so large that PostgreSQL's arithmetic might overflow with it,
  // where a plan that is not careful would not notice. To be asked of every row before any is saved
  // for later: what was given out by then cannot be started over.
  bool IsSuspect(const Column *columns, int count) const noexcept;

  // First half of consuming a batch: finds the rows' groups. Returns how many rows found no room;
  // the caller saves those for which is_placed() is false, and then calls DropUnplaced().
  int Place(const Column *columns, int count);
  bool is_placed(int row) const noexcept { return rows_[row] != nullptr; }
  std::uint64_t HashOf(int row) const noexcept { return table_.HashOf(row); }

  // Moves the placed rows of all columns together; returns how many there are.
  int DropUnplaced(Column *columns, int count) noexcept;

  // Second half: updates the states.
  UpdateStatus Update(const Column *columns, int count);

  // The same for one placed row, after which its group's states are the running result. The plan is
  // careful, because what was given out cannot be started over.
  UpdateStatus UpdateRow(const Column *columns, int row);
  std::byte *group_of(int row) const noexcept {
    return rows_[plan_.layout.key_count == 0 ? 0 : row];
  }

  // Starts over with no groups, in the memory that a fresh aggregator has. Not without keys.
  void Clear() noexcept { table_.Clear(); }

  // Several aggregators may share one budget.
  void set_limit(std::size_t limit) noexcept { table_.set_limit(limit); }

  const GroupRows &groups() const noexcept { return table_.rows(); }
  std::size_t bytes() const noexcept { return table_.bytes(); }
  const AggregatorPlan &plan() const noexcept { return plan_; }
  std::pmr::memory_resource &state_memory() noexcept { return table_.arena(); }

 private:
  void CountRows(int count) noexcept;
  UpdateStatus UpdateColumn(const UpdateInput &input, const Column &column, int index);
  void UpdateNumeric(const UpdateInput &input, const Column &column, const StateOffsets &state);
  void UpdateExtremes(const UpdateInput &input, const Column &column, const StateOffsets &state);
  void UpdateText(const UpdateInput &input, const Column &column, const StateOffsets &state,
                  std::uint32_t need);

  const AggregatorPlan &plan_;
  GroupTable table_;
  std::byte *rows_[kColumnRows];
};

}  // namespace weir::core
