#include "core/window/window_plan.hpp"

#include <gtest/gtest.h>

namespace weir::core {
namespace {

WindowFunction With(WindowOp op, Frame frame) {
  WindowFunction function;
  function.op = op;
  function.frame = frame;
  return function;
}

TEST(WindowPlan, FramesThatEndHereLookBack) {
  EXPECT_TRUE(LooksBackOnly(With(WindowOp::kSum, {.start = -9, .end = 0})));
  EXPECT_TRUE(LooksBackOnly(With(WindowOp::kSum, {.from_first = true, .end = -3})));
  EXPECT_FALSE(LooksBackOnly(With(WindowOp::kSum, {.start = -9, .end = 1})));
  EXPECT_FALSE(LooksBackOnly(With(WindowOp::kSum, {.from_first = true, .to_last = true})));
  EXPECT_FALSE(LooksBackOnly(With(WindowOp::kSum, {.from_first = true, .to_peer = true})));
  EXPECT_TRUE(LooksBackOnly(With(WindowOp::kRank, {.to_last = true})));
}

TEST(WindowPlan, LagLooksBackAndLeadDoesNot) {
  WindowFunction function = With(WindowOp::kOffset, {});
  function.offset = -4;
  EXPECT_TRUE(LooksBackOnly(function));
  EXPECT_EQ(HistoryOf(function), 4);
  function.offset = 1;
  EXPECT_FALSE(LooksBackOnly(function));
}

TEST(WindowPlan, HistoryHoldsTheRowThatLeaves) {
  EXPECT_EQ(HistoryOf(With(WindowOp::kSum, {.start = -99, .end = 0})), 100);
  EXPECT_EQ(HistoryOf(With(WindowOp::kSum, {.from_first = true})), 0);
  EXPECT_EQ(HistoryOf(With(WindowOp::kSum, {.from_first = true, .end = -5})), 6);
}

}  // namespace
}  // namespace weir::core
