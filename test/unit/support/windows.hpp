// Plans over three columns: a key, an order and a value; and what their functions must give.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/window/window_plan.hpp"
#include "support/columns.hpp"

namespace weir::core {

struct TestRow {
  std::int64_t key;
  std::int64_t order;
  std::optional<double> value;
};

inline RowLayout KeyLayout(const WindowPlan &plan, int extra_bytes) {
  RowLayout layout;
  layout.key_count = 1;
  layout.extra_bytes = extra_bytes;
  const bool nullable[kMaxColumns] = {};
  FinishLayout(layout, plan.kinds, nullable);
  return layout;
}

inline WindowPlan PlanWith(std::initializer_list<WindowFunction> functions, ValueKind kind) {
  WindowPlan plan;
  plan.kinds[0] = plan.kinds[1] = ValueKind::kInt64;
  plan.kinds[2] = kind;
  plan.keys = KeyLayout(plan, 8);
  plan.order_count = 1;
  plan.order[0] = {1, ValueKind::kInt64, false, false};
  plan.series_count = 1;
  plan.series[0] = {2, kind, 0};
  for (const WindowFunction &function : functions) {
    plan.functions[plan.function_count++] = function;
    if (function.series < 0 || !LooksBackOnly(function)) continue;
    plan.series[0].history = std::max(plan.series[0].history, HistoryOf(function));
  }
  plan.needs_peers = true;
  return plan;
}

struct TestBatch {
  explicit TestBatch(ValueKind kind) : value(kind), kind_(kind) {}

  void Fill(const std::vector<TestRow> &rows, std::size_t first, int count) {
    for (int i = 0; i < count; ++i) {
      const TestRow &row = rows[first + static_cast<std::size_t>(i)];
      key.Set(i, row.key);
      order.Set(i, row.order);
      if (!row.value) {
        value.SetNull(i);
      } else if (kind_ == ValueKind::kFloat8) {
        value.Set(i, *row.value);
      } else {
        value.Set(i, static_cast<std::int64_t>(*row.value));
      }
    }
  }
  std::vector<Column> columns() { return Pack({&key, &order, &value}); }

  TestColumn key{ValueKind::kInt64};
  TestColumn order{ValueKind::kInt64};
  TestColumn value;

 private:
  ValueKind kind_;
};

// The values in the frame of row `at` of a partition, NULLs left out.
inline std::vector<double> FrameValues(const std::vector<TestRow> &partition, std::int64_t at,
                                       const Frame &frame) {
  const auto size = static_cast<std::int64_t>(partition.size());
  const std::int64_t low = frame.from_first ? 0 : std::max<std::int64_t>(0, at + frame.start);
  std::int64_t high = frame.to_last ? size : std::min(size, at + frame.end + 1);
  if (frame.to_peer) {
    high = at + 1;
    while (high < size && partition[static_cast<std::size_t>(high)].order ==
                              partition[static_cast<std::size_t>(at)].order) {
      ++high;
    }
  }
  std::vector<double> values;
  for (std::int64_t i = low; i < high; ++i) {
    const TestRow &row = partition[static_cast<std::size_t>(i)];
    if (row.value) values.push_back(*row.value);
  }
  return values;
}

}  // namespace weir::core
