#include "core/window/window_results.hpp"

#include <gtest/gtest.h>

#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

TEST(WindowResults, EachFunctionGetsWhatItFills) {
  WindowPlan plan;
  plan.function_count = 4;
  plan.functions[0].op = WindowOp::kRowNumber;
  plan.functions[1].op = WindowOp::kSum;
  plan.functions[2].op = WindowOp::kSquares;
  plan.functions[3].op = WindowOp::kNth;
  FailingResource memory;
  const WindowResults results(memory, plan);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NE(results[i].state, nullptr);
    EXPECT_NE(results[i].word, nullptr);
  }
  EXPECT_EQ(results[0].high, nullptr);
  EXPECT_NE(results[1].high, nullptr);
  EXPECT_NE(results[2].squares, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(results[2].squares) % alignof(Squares), 0U);
  EXPECT_NE(results[3].outline, nullptr);
  EXPECT_NE(results[3].length, nullptr);
}

}  // namespace
}  // namespace weir::core
