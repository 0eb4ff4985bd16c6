#include "core/window/window_kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "core/base/arena.hpp"
#include "core/window/window_results.hpp"
#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

// One function over a partition given as words, none of them NULL.
class Kernel {
 public:
  Kernel(WindowFunction function, std::vector<std::int64_t> words)
      : function_(function), words_(std::move(words)), nulls_(words_.size()), arena_(memory_) {
    function_.series = 0;
    plan_.function_count = 1;
    plan_.functions[0] = function_;
    results_.emplace(memory_, plan_);
    out_.resize(words_.size());
    std::iota(out_.begin(), out_.end(), 0);
  }

  const WindowResult &Run(bool has_large = false) {
    const SeriesView view{words_.data(), nulls_.data(), 0, static_cast<std::int64_t>(words_.size()),
                          false,         has_large};
    WindowSpan span;
    span.count = static_cast<int>(words_.size());
    span.known = span.count;
    span.out = out_.data();
    span.memory = &arena_;
    ComputeFunction(function_, &view, span, state_, (*results_)[0]);
    return (*results_)[0];
  }

 private:
  WindowFunction function_;
  std::vector<std::int64_t> words_;
  std::vector<std::uint8_t> nulls_;
  FailingResource memory_;
  Arena arena_;
  WindowPlan plan_;
  std::optional<WindowResults> results_;
  std::vector<int> out_;
  FunctionState state_;
};

WindowFunction Function(WindowOp op, ValueKind kind, std::int64_t preceding) {
  WindowFunction function;
  function.op = op;
  function.kind = kind;
  function.frame = {.start = -preceding, .end = 0};
  return function;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(WindowKernels, SumsOfBigintsAreWide) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  Kernel kernel(Function(WindowOp::kSum, ValueKind::kInt64, 1), {most, most, 1});
  const WindowResult &result = kernel.Run();
  EXPECT_EQ(result.word[1], -2);
  EXPECT_EQ(result.high[1], 0U);
  EXPECT_EQ(result.high[2], 0U);
}

TEST(WindowKernels, NanIsLargestAndLeavesAgain) {
  Kernel kernel(Function(WindowOp::kMax, ValueKind::kFloat8, 1),
                {AsWord(1.0), AsWord(kNan), AsWord(2.0), AsWord(3.0)});
  const WindowResult &result = kernel.Run();
  EXPECT_EQ(AsDouble(result.word[0]), 1.0);
  EXPECT_TRUE(std::isnan(AsDouble(result.word[1])));
  EXPECT_TRUE(std::isnan(AsDouble(result.word[2])));
  EXPECT_EQ(AsDouble(result.word[3]), 3.0);
}

TEST(WindowKernels, TheNewerZeroStays) {
  Kernel kernel(Function(WindowOp::kMin, ValueKind::kFloat8, 3), {AsWord(0.0), AsWord(-0.0)});
  EXPECT_EQ(kernel.Run().word[1], AsWord(-0.0));
  Kernel other(Function(WindowOp::kMax, ValueKind::kFloat8, 3), {AsWord(-0.0), AsWord(0.0)});
  EXPECT_EQ(other.Run().word[1], AsWord(0.0));
}

TEST(WindowKernels, SumsForgetWhatLeft) {
  // 1e300 leaves the frame; a running difference would have lost the small ones.
  Kernel kernel(Function(WindowOp::kSum, ValueKind::kFloat8, 1),
                {AsWord(1e300), AsWord(1.0), AsWord(2.0)});
  EXPECT_EQ(AsDouble(kernel.Run().word[2]), 3.0);
}

TEST(WindowKernels, OverflowIsOfItsFramesOnly) {
  const std::int64_t most = AsWord(std::numeric_limits<double>::max());
  Kernel kernel(Function(WindowOp::kSum, ValueKind::kFloat8, 1),
                {most, most, AsWord(1.0), AsWord(kInfinity), AsWord(1.0)});
  const WindowResult &result = kernel.Run();
  EXPECT_EQ(result.state[0], ResultState::kValue);
  EXPECT_EQ(result.state[1], ResultState::kOverflow);
  EXPECT_EQ(result.state[2], ResultState::kValue);
  EXPECT_EQ(result.state[3], ResultState::kValue);
  EXPECT_EQ(AsDouble(result.word[4]), kInfinity);
}

TEST(WindowKernels, AveragesCheckTheSpread) {
  WindowFunction average = Function(WindowOp::kSum, ValueKind::kFloat8, 1);
  average.checks_squares = true;
  Kernel kernel(average, {AsWord(1e200), AsWord(-1e200), AsWord(1.0)});
  const WindowResult &result = kernel.Run(true);
  EXPECT_EQ(result.state[0], ResultState::kValue);
  EXPECT_EQ(result.state[1], ResultState::kOverflow);
}

TEST(WindowKernels, MomentsStartAnewWithEachFrame) {
  Kernel kernel(Function(WindowOp::kMoments, ValueKind::kFloat8, 1),
                {AsWord(2.0), AsWord(4.0), AsWord(8.0)});
  const WindowResult &result = kernel.Run();
  EXPECT_EQ(result.moments[0].count, 1.0);
  EXPECT_EQ(result.moments[2].count, 2.0);
  EXPECT_EQ(result.moments[2].sum, 12.0);
  EXPECT_EQ(result.moments[2].squares, 8.0);
}

TEST(WindowKernels, SquaresSlide) {
  Kernel kernel(Function(WindowOp::kSquares, ValueKind::kInt32, 1), {2, 4, 8});
  const WindowResult &result = kernel.Run();
  EXPECT_EQ(result.count[2], 2);
  EXPECT_TRUE(result.squares[2].sum == 12);
  EXPECT_TRUE(result.squares[2].squares == 80);
}

}  // namespace
}  // namespace weir::core
