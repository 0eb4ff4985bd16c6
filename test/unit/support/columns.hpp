// Columns with storage of their own, filled from C++ values.
#pragma once

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "core/column/column.hpp"
#include "core/column/text_word.hpp"

namespace weir::core {

class TestColumn {
 public:
  explicit TestColumn(ValueKind kind) {
    column_.kind = kind;
    column_.word = word_.data();
    column_.null = null_.data();
    if (kind != ValueKind::kText && kind != ValueKind::kNumeric) return;
    column_.high = high_.data();
    column_.outline = outline_.data();
    column_.length = length_.data();
  }

  void Set(int row, std::int64_t value) { word_[static_cast<std::size_t>(row)] = value; }
  void Set(int row, double value) { Set(row, AsWord(value)); }
  void Set(int row, const std::string &value) {
    kept_.push_back(value);
    const std::string &kept = kept_.back();
    PackText(column_, row, kept.data(), static_cast<std::uint32_t>(kept.size()), kept.data());
  }
  void SetNull(int row) {
    Set(row, std::int64_t{0});
    high_[static_cast<std::size_t>(row)] = 0;
    null_[static_cast<std::size_t>(row)] = 1;
    column_.has_nulls = true;
  }

  Column &get() { return column_; }

 private:
  std::vector<std::int64_t> word_ = std::vector<std::int64_t>(kColumnRows);
  std::vector<std::uint64_t> high_ = std::vector<std::uint64_t>(kColumnRows);
  std::vector<const char *> outline_ = std::vector<const char *>(kColumnRows);
  std::vector<std::uint32_t> length_ = std::vector<std::uint32_t>(kColumnRows);
  std::vector<std::uint8_t> null_ = std::vector<std::uint8_t>(kColumnRows);
  std::deque<std::string> kept_;
  Column column_;
};

// Packs the columns into the array that the core takes.
inline std::vector<Column> Pack(std::initializer_list<TestColumn *> columns) {
  std::vector<Column> packed;
  for (TestColumn *column : columns) packed.push_back(column->get());
  return packed;
}

}  // namespace weir::core
