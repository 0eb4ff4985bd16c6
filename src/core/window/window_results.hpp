// Results of all window functions for the rows of a batch.
#pragma once

#include <memory_resource>

#include "core/base/arena.hpp"
#include "core/window/window_plan.hpp"
#include "core/window/window_state.hpp"

namespace weir::core {

class WindowResults {
 public:
  WindowResults(std::pmr::memory_resource &memory, const WindowPlan &plan) : arena_(memory) {
    for (int i = 0; i < plan.function_count; ++i) Allocate(plan.functions[i], results_[i]);
  }

  const WindowResult &operator[](int function) const noexcept { return results_[function]; }

 private:
  void Allocate(const WindowFunction &function, WindowResult &result) {
    result.state = NewArray<ResultState>(arena_, kColumnRows);
    if (function.op == WindowOp::kMoments) result.moments = NewArray<Moments>(arena_, kColumnRows);
    if (function.op == WindowOp::kSquares) result.squares = NewArray<Squares>(arena_, kColumnRows);
    result.word = NewArray<std::int64_t>(arena_, kColumnRows);
    result.count = NewArray<std::int64_t>(arena_, kColumnRows);
    if (function.op == WindowOp::kSum || FindsRow(function.op)) {
      result.high = NewArray<std::uint64_t>(arena_, kColumnRows);
    }
    if (!FindsRow(function.op)) return;
    result.outline = NewArray<const char *>(arena_, kColumnRows);
    result.length = NewArray<std::uint32_t>(arena_, kColumnRows);
  }

  Arena arena_;
  WindowResult results_[kMaxWindowFunctions];
};

}  // namespace weir::core
