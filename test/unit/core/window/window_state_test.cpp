#include "core/window/window_state.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "core/base/arena.hpp"
#include "support/failing_resource.hpp"

namespace weir::core {
namespace {

TEST(FrameDeque, AgreesWithADeque) {
  FailingResource memory;
  Arena arena(memory);
  FrameDeque deque;
  std::deque<std::int64_t> model;
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const unsigned chosen = random() % 8;
    if (chosen < 4 + static_cast<unsigned>(i % 2000 < 1000)) {
      deque.PushBack({i, i * 3}, arena);
      model.push_back(i);
    } else if (!model.empty() && chosen == 5) {
      deque.PopBack();
      model.pop_back();
    } else if (!model.empty()) {
      deque.PopFront();
      model.pop_front();
    }
    ASSERT_EQ(deque.is_empty(), model.empty());
    if (model.empty()) continue;
    ASSERT_EQ(deque.front().row, model.front());
    ASSERT_EQ(deque.back().row, model.back());
    ASSERT_EQ(deque.back().word, model.back() * 3);
  }
}

TEST(FrameDeque, MemoryMayRunOut) {
  FailingResource memory(0);
  Arena arena(memory);
  FrameDeque deque;
  EXPECT_THROW(deque.PushBack({1, 1}, arena), std::bad_alloc);
  EXPECT_TRUE(deque.is_empty());
}

TEST(FunctionState, FitsAnArena) { EXPECT_LE(alignof(FunctionState), 8U); }

}  // namespace
}  // namespace weir::core
