// What window functions are to be computed, in terms of columns and rows.
#pragma once

#include <cstdint>

#include "core/column/column.hpp"
#include "core/group/row_layout.hpp"

namespace weir::core {

inline constexpr int kMaxWindowFunctions = 48;
inline constexpr int kMaxOrderColumns = 8;

enum class WindowOp : std::uint8_t {
  kRowNumber,
  kRank,
  kDenseRank,
  kCountRows,
  kCount,
  kSum,
  kMin,
  kMax,
  kMoments,  // count, sum and squared deviations of floats
  kSquares,  // exact sums of integers and of their squares
  kFirst,    // these four find a row; its value is the result
  kLast,
  kNth,     // the `offset`-th row of the frame, counted from 1
  kOffset,  // `offset` rows after the current one (before it when negative), whatever the frame
};

inline bool FindsRow(WindowOp op) noexcept { return op >= WindowOp::kFirst; }

// Rows of a partition by number, from the current row: [row + start, row + end], cut off at the
// partition's ends.
struct Frame {
  bool from_first = false;  // starts with the partition
  bool to_last = false;     // ends with the partition
  bool to_peer = false;     // ends with the last row that the order does not tell from this one
  std::int64_t start = 0;
  std::int64_t end = 0;
};

struct WindowFunction {
  WindowOp op = WindowOp::kCountRows;
  ValueKind kind = ValueKind::kInt64;  // of the argument
  int series = -1;                     // which argument, -1 for none
  Frame frame;
  std::int64_t offset = 0;
  int order_columns = 0;  // of the function's window: rows equal in these are peers
  // PostgreSQL computes the spread along with the average, and raises an error if that overflows.
  bool checks_squares = false;
};

// An argument: a column of the batch. Sums of floats skip a NULL by adding -0, which changes no
// sum.
struct WindowSeries {
  int column = 0;
  ValueKind kind = ValueKind::kInt64;
  std::int64_t history = 0;  // rows before the current one that some function may still read
};

struct OrderColumn {
  int column = 0;
  ValueKind kind = ValueKind::kInt64;
  bool is_descending = false;
  bool nulls_first = false;
};

struct WindowPlan {
  RowLayout keys;  // with room for a pointer
  ValueKind kinds[kMaxColumns] = {};
  int order_count = 0;
  OrderColumn order[kMaxOrderColumns];
  int series_count = 0;
  WindowSeries series[kMaxWindowFunctions];
  int function_count = 0;
  WindowFunction functions[kMaxWindowFunctions];
  bool needs_peers = false;  // some function asks which rows are peers
};

// Whether a row's results are known once the row is.
inline bool LooksBackOnly(const WindowFunction &function) noexcept {
  switch (function.op) {
    case WindowOp::kRowNumber:
    case WindowOp::kRank:
    case WindowOp::kDenseRank:
      return true;
    case WindowOp::kOffset:
      return function.offset <= 0;
    default:
      return !function.frame.to_last && !function.frame.to_peer && function.frame.end <= 0;
  }
}

// How many rows before the current one a function that looks back may read.
inline std::int64_t HistoryOf(const WindowFunction &function) noexcept {
  if (function.op == WindowOp::kOffset) return -function.offset;
  // A sum still reads the row that leaves the frame, one before its start.
  const std::int64_t end = 1 - function.frame.end;
  if (function.frame.from_first) return function.frame.end == 0 ? 0 : end;
  return 1 - function.frame.start;
}

}  // namespace weir::core
