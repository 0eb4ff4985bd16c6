#include "core/column/text_word.hpp"

#include <gtest/gtest.h>

#include "support/columns.hpp"

namespace weir::core {
namespace {

TEST(TextWordTest, EqualWordsMeanEqualShortStrings) {
  TestColumn column(ValueKind::kText);
  const std::string text = "abcdefghijklmnopqrstuvwxyz";
  for (int length = 0; length <= 15; ++length) {
    column.Set(0, text.substr(0, static_cast<std::size_t>(length)));
    column.Set(1, text.substr(0, static_cast<std::size_t>(length)));
    column.Set(2, "x" + text.substr(0, static_cast<std::size_t>(length)));
    const Column &c = column.get();
    EXPECT_EQ(c.word[0], c.word[1]);
    EXPECT_EQ(c.high[0], c.high[1]);
    EXPECT_TRUE(c.word[0] != c.word[2] || c.high[0] != c.high[2]);
    EXPECT_EQ(TextLength(c.high[0]), static_cast<std::uint32_t>(length));
  }
}

// Bytes after the string must not matter, whether they may be read or not.
TEST(TextWordTest, WideReadGivesTheSameAsCopying) {
  const char bytes[33] = "0123456789abcdefZZZZZZZZZZZZZZZZ";
  for (std::uint32_t length = 0; length <= 15; ++length) {
    std::int64_t word[2];
    std::uint64_t high[2];
    PackInline(bytes, length, bytes + 32, &word[0], &high[0]);
    PackInline(bytes, length, bytes + length, &word[1], &high[1]);
    EXPECT_EQ(word[0], word[1]);
    EXPECT_EQ(high[0], high[1]);
  }
}

TEST(TextWordTest, LongStringsStayOutside) {
  TestColumn column(ValueKind::kText);
  column.Set(0, std::string(16, 'a'));
  EXPECT_TRUE(IsOutline(column.get().high[0]));
  EXPECT_TRUE(column.get().has_outline);
  EXPECT_EQ(TextLength(column.get().high[0]), 16U);
  column.Set(1, std::string("zero\0byte", 9));
  column.Set(2, std::string("zero"));
  EXPECT_NE(column.get().high[1], column.get().high[2]);
}

TEST(TextWordTest, PaddedKeysCompareTheirFirstBytesOnly) {
  TestColumn column(ValueKind::kText);
  column.get().is_padded = true;
  PackPadded(column.get(), 0, "ab  ", 2, 4);
  PackPadded(column.get(), 1, "ab", 2, 2);
  EXPECT_EQ(column.get().word[0], column.get().word[1]);
  EXPECT_EQ(column.get().high[0], column.get().high[1]);
  EXPECT_EQ(column.get().length[0], 4U);
}

}  // namespace
}  // namespace weir::core
