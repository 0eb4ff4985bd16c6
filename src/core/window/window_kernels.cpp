#include "core/window/window_kernels.hpp"

#include <algorithm>
#include <cmath>

#include "core/group/update_kernels.hpp"
#include "core/window/frame_sum.hpp"

namespace weir::core {
namespace {

struct Bounds {
  std::int64_t low;
  std::int64_t high;
};

// Both ends never go back from one row to the next. An empty frame has low == high.
inline Bounds BoundsAt(const Frame &frame, const WindowSpan &span, std::int64_t row) noexcept {
  Bounds bounds{0, span.known};
  if (!frame.from_first) {
    bounds.low = std::clamp<std::int64_t>(row + frame.start, 0, span.known);
  }
  if (frame.to_peer) {
    bounds.high = span.peer_end[row];
  } else if (!frame.to_last) {
    bounds.high = std::clamp<std::int64_t>(row + frame.end + 1, 0, span.known);
  }
  bounds.high = std::max(bounds.high, bounds.low);
  return bounds;
}

// Calls visit(row, bounds, index of its result) for each row of the span.
template <typename Visit>
inline void ForEachRow(const WindowFunction &function, const WindowSpan &span, Visit visit) {
  const Frame frame = function.frame;
  for (int i = 0; i < span.count; ++i) {
    const std::int64_t row = span.first + i;
    visit(row, BoundsAt(frame, span, row), span.out[i]);
  }
}

// Moves the rows in the sums to `bounds`: what comes in is added, what goes out is taken off.
template <typename Add, typename Remove>
inline void Slide(FunctionState &state, const Bounds &bounds, Add add, Remove remove) {
  while (state.high < bounds.high) add(state.high++);
  while (state.low < bounds.low) remove(state.low++);
}

// Where no row is NULL the bounds alone tell.
void CountValues(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
                 FunctionState &state, std::int64_t *out) {
  ForEachRow(function, span, [&](std::int64_t, const Bounds &bounds, int at) {
    if (series.has_nulls) {
      Slide(
          state, bounds, [&](std::int64_t row) { state.count += series.IsNull(row) ? 0 : 1; },
          [&](std::int64_t row) { state.count -= series.IsNull(row) ? 0 : 1; });
    } else {
      state.count += (bounds.high - state.high) - (bounds.low - state.low);
      state.low = bounds.low;
      state.high = bounds.high;
    }
    out[at] = state.count;
  });
}

void SumIntegers(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
                 FunctionState &state, const WindowResult &result) {
  ForEachRow(function, span, [&](std::int64_t, const Bounds &bounds, int at) {
    Slide(
        state, bounds,
        [&](std::int64_t row) {
          state.count += series.IsNull(row) ? 0 : 1;
          state.sum.integer += series.WordAt(row);
        },
        [&](std::int64_t row) {
          state.count -= series.IsNull(row) ? 0 : 1;
          state.sum.integer -= series.WordAt(row);
        });
    result.state[at] = state.count == 0 ? ResultState::kNull : ResultState::kValue;
    result.count[at] = state.count;
    result.word[at] = static_cast<std::int64_t>(state.sum.integer);
    result.high[at] = static_cast<std::uint64_t>(state.sum.integer >> 64);
  });
}

void SumSquares(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
                FunctionState &state, const WindowResult &result) {
  ForEachRow(function, span, [&](std::int64_t, const Bounds &bounds, int at) {
    const auto move = [&](std::int64_t row, int sign) {
      if (series.IsNull(row)) return;
      const std::int64_t value = series.WordAt(row);
      state.count += sign;
      state.sum.integer += static_cast<__int128>(value) * sign;
      state.spread.squares += static_cast<__int128>(value) * value * sign;
    };
    Slide(
        state, bounds, [&](std::int64_t row) { move(row, 1); },
        [&](std::int64_t row) { move(row, -1); });
    result.state[at] = ResultState::kValue;
    result.count[at] = state.count;
    result.squares[at] = {state.sum.integer, state.spread.squares};
  });
}

template <typename Real>
void PutSum(const SeriesView &series, const Bounds &bounds, double sum, int at,
            const WindowResult &result) {
  result.word[at] = AsWord(sum);
  if (result.count[at] == 0) {
    result.state[at] = ResultState::kNull;
  } else if (std::isfinite(sum)) [[likely]] {
    result.state[at] = ResultState::kValue;
  } else {
    const bool overflows =
        SumOverflows<Real>(series.word + (bounds.low - series.base), bounds.high - bounds.low);
    result.state[at] = overflows ? ResultState::kOverflow : ResultState::kValue;
  }
}

// A frame that starts with the partition is never added up again.
template <typename Real>
void RunningSum(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
                FunctionState &state, const WindowResult &result) {
  if (state.high == 0) state.sum.real = -0.0;
  ForEachRow(function, span, [&](std::int64_t, const Bounds &bounds, int at) {
    for (; state.high < bounds.high; ++state.high) {
      if (series.IsNull(state.high)) continue;
      ++state.count;
      const double value = AsDouble(series.WordAt(state.high));
      const Real next = static_cast<Real>(state.sum.real) + static_cast<Real>(value);
      state.overflowed |= Overflowed(static_cast<double>(next), state.sum.real, value);
      state.sum.real = static_cast<double>(next);
    }
    result.count[at] = state.count;
    result.word[at] = AsWord(state.sum.real);
    result.state[at] = state.count == 0   ? ResultState::kNull
                       : state.overflowed ? ResultState::kOverflow
                                          : ResultState::kValue;
  });
}

// The most frames from `row` on that are whole, so that they can be added up side by side.
inline int LanesAt(const Frame &frame, const WindowSpan &span, std::int64_t row,
                   int left) noexcept {
  if (frame.to_last || frame.to_peer || row + frame.start < 0 || frame.end < frame.start) return 1;
  for (const int lanes : {16, 8, 4}) {
    if (left >= lanes && row + frame.end + lanes <= span.known) return lanes;
  }
  return 1;
}

template <typename Real>
void SumSideBySide(const std::int64_t *values, std::int64_t length, int lanes, double *sums) {
  switch (lanes) {
    case 16:
      SumFrames<Real, 16>(values, length, sums);
      break;
    case 8:
      SumFrames<Real, 8>(values, length, sums);
      break;
    default:
      SumFrames<Real, 4>(values, length, sums);
  }
}

template <typename Real>
void SlidingSum(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
                FunctionState &state, const WindowResult &result) {
  CountValues(function, series, span, state, result.count);
  const Frame frame = function.frame;
  for (int i = 0; i < span.count;) {
    const std::int64_t row = span.first + i;
    const int lanes = LanesAt(frame, span, row, span.count - i);
    Bounds bounds = BoundsAt(frame, span, row);
    double sums[16];
    const std::int64_t *values = series.word + (bounds.low - series.base);
    if (lanes > 1) {
      SumSideBySide<Real>(values, bounds.high - bounds.low, lanes, sums);
    } else {
      sums[0] = SumFrame<Real>(values, bounds.high - bounds.low);
    }
    for (int k = 0; k < lanes; ++k, ++bounds.low, ++bounds.high) {
      PutSum<Real>(series, bounds, sums[k], span.out[i + k], result);
    }
    i += lanes;
  }
}

// PostgreSQL's recurrence for the spread of floats, from the frame's first value on.
void AddMomentsOf(const SeriesView &series, std::int64_t low, std::int64_t high, Moments &moments,
                  bool &overflowed) noexcept {
  for (std::int64_t row = low; row < high; ++row) {
    if (!series.IsNull(row)) overflowed |= AddMoment(moments, AsDouble(series.WordAt(row)));
  }
}

void FloatMoments(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
                  FunctionState &state, const WindowResult &result) {
  if (state.high == 0) state.spread.moments = {};
  ForEachRow(function, span, [&](std::int64_t, const Bounds &bounds, int at) {
    if (!function.frame.from_first && bounds.low != state.low) {
      state.spread.moments = {};
      state.overflowed = false;
      state.low = state.high = bounds.low;
    }
    AddMomentsOf(series, state.high, bounds.high, state.spread.moments, state.overflowed);
    state.high = bounds.high;
    result.moments[at] = state.spread.moments;
    result.state[at] = state.overflowed ? ResultState::kOverflow : ResultState::kValue;
  });
}

// Averages of floats so large that the spread, which PostgreSQL computes along, may overflow.
void CheckSquares(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
                  const WindowResult &result) {
  ForEachRow(function, span, [&](std::int64_t, const Bounds &bounds, int at) {
    Moments moments{};
    bool overflowed = false;
    AddMomentsOf(series, bounds.low, bounds.high, moments, overflowed);
    if (overflowed) result.state[at] = ResultState::kOverflow;
  });
}

struct FloatOrder {
  // Of two equal values the newer one stays.
  static bool KeepsMin(std::int64_t old, std::int64_t newer) noexcept {
    return AsDouble(old) < AsDouble(newer) ||
           (std::isnan(AsDouble(newer)) && !std::isnan(AsDouble(old)));
  }
  static bool KeepsMax(std::int64_t old, std::int64_t newer) noexcept {
    return AsDouble(old) > AsDouble(newer) ||
           (std::isnan(AsDouble(old)) && !std::isnan(AsDouble(newer)));
  }
};

struct IntegerOrder {
  static bool KeepsMin(std::int64_t old, std::int64_t newer) noexcept { return old < newer; }
  static bool KeepsMax(std::int64_t old, std::int64_t newer) noexcept { return old > newer; }
};

template <typename Order, bool kMax>
void Extreme(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
             FunctionState &state, const WindowResult &result) {
  FrameDeque &deque = state.deque;
  // Nothing ever leaves a frame that starts with the partition: one entry is enough.
  const bool keeps_one = function.frame.from_first;
  ForEachRow(function, span, [&](std::int64_t, const Bounds &bounds, int at) {
    for (; state.high < bounds.high; ++state.high) {
      if (series.IsNull(state.high)) continue;
      const std::int64_t word = series.WordAt(state.high);
      const auto keeps = [&](std::int64_t old) {
        return kMax ? Order::KeepsMax(old, word) : Order::KeepsMin(old, word);
      };
      while (!deque.is_empty() && !keeps(deque.back().word)) deque.PopBack();
      if (keeps_one && !deque.is_empty()) continue;
      deque.PushBack({state.high, word}, *span.memory);
    }
    while (!deque.is_empty() && deque.front().row < bounds.low) deque.PopFront();
    result.state[at] = deque.is_empty() ? ResultState::kNull : ResultState::kValue;
    result.word[at] = deque.is_empty() ? 0 : deque.front().word;
  });
}

template <bool kMax>
void ExtremeOf(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
               FunctionState &state, const WindowResult &result) {
  if (function.kind == ValueKind::kFloat4 || function.kind == ValueKind::kFloat8) {
    Extreme<FloatOrder, kMax>(function, series, span, state, result);
  } else {
    Extreme<IntegerOrder, kMax>(function, series, span, state, result);
  }
}

template <typename Real>
void SumFloats(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
               FunctionState &state, const WindowResult &result) {
  if (function.frame.from_first) {
    RunningSum<Real>(function, series, span, state, result);
    return;
  }
  SlidingSum<Real>(function, series, span, state, result);
  if (function.checks_squares && series.has_large) CheckSquares(function, series, span, result);
}

void SumOf(const WindowFunction &function, const SeriesView &series, const WindowSpan &span,
           FunctionState &state, const WindowResult &result) {
  switch (function.kind) {
    case ValueKind::kFloat4:
      SumFloats<float>(function, series, span, state, result);
      break;
    case ValueKind::kFloat8:
      SumFloats<double>(function, series, span, state, result);
      break;
    default:
      SumIntegers(function, series, span, state, result);
  }
}

// `low` is the rank of the latest row, `count` its dense rank.
void Rank(const WindowFunction &function, const WindowSpan &span, FunctionState &state,
          const WindowResult &result) {
  for (int i = 0; i < span.count; ++i) {
    const std::int64_t row = span.first + i;
    const bool is_peer = row > 0 && span.equal_prefix[i] >= function.order_columns;
    if (!is_peer) {
      state.low = row + 1;
      ++state.count;
    }
    const int at = span.out[i];
    result.state[at] = ResultState::kValue;
    result.word[at] = function.op == WindowOp::kRank ? state.low : state.count;
  }
}

std::int64_t RowFound(const WindowFunction &function, std::int64_t row,
                      const Bounds &bounds) noexcept {
  switch (function.op) {
    case WindowOp::kFirst:
      return bounds.low;
    case WindowOp::kLast:
      return bounds.high - 1;
    case WindowOp::kNth:
      return bounds.low + function.offset - 1;
    default:
      return row + function.offset;
  }
}

void FindRows(const WindowFunction &function, const WindowSpan &span, const WindowResult &result) {
  const bool has_frame = function.op != WindowOp::kOffset;
  for (int i = 0; i < span.count; ++i) {
    const std::int64_t row = span.first + i;
    const Bounds bounds = has_frame ? BoundsAt(function.frame, span, row) : Bounds{0, span.known};
    const std::int64_t found = RowFound(function, row, bounds);
    const bool exists = found >= bounds.low && found < bounds.high;
    const int at = span.out[i];
    result.state[at] = exists ? ResultState::kValue : ResultState::kAbsent;
    result.word[at] = found;
  }
}

void CountRows(const WindowFunction &function, const WindowSpan &span, const WindowResult &result) {
  const bool is_number = function.op == WindowOp::kRowNumber;
  ForEachRow(function, span, [&](std::int64_t row, const Bounds &bounds, int at) {
    result.state[at] = ResultState::kValue;
    result.word[at] = is_number ? row + 1 : bounds.high - bounds.low;
  });
}

}  // namespace

void ComputeFunction(const WindowFunction &function, const SeriesView *series,
                     const WindowSpan &span, FunctionState &state, const WindowResult &result) {
  switch (function.op) {
    case WindowOp::kRowNumber:
    case WindowOp::kCountRows:
      CountRows(function, span, result);
      break;
    case WindowOp::kRank:
    case WindowOp::kDenseRank:
      Rank(function, span, state, result);
      break;
    case WindowOp::kCount:
      CountValues(function, *series, span, state, result.word);
      for (int i = 0; i < span.count; ++i) result.state[span.out[i]] = ResultState::kValue;
      break;
    case WindowOp::kSum:
      SumOf(function, *series, span, state, result);
      break;
    case WindowOp::kMin:
      ExtremeOf<false>(function, *series, span, state, result);
      break;
    case WindowOp::kMax:
      ExtremeOf<true>(function, *series, span, state, result);
      break;
    case WindowOp::kMoments:
      FloatMoments(function, *series, span, state, result);
      break;
    case WindowOp::kSquares:
      SumSquares(function, *series, span, state, result);
      break;
    default:
      FindRows(function, span, result);
  }
}

}  // namespace weir::core
