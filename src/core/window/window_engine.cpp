#include "core/window/window_engine.hpp"

#include <algorithm>
#include <cmath>

#include "core/group/update_kernels.hpp"

namespace weir::core {

// The latest values of one argument, oldest first, with room to append.
struct WindowEngine::Series {
  std::int64_t *word = nullptr;
  std::uint8_t *null = nullptr;
  std::int64_t base = 0;  // the row that the first one belongs to
  std::int64_t size = 0;
  std::int64_t capacity = 0;
  bool has_nulls = false;
  bool has_large = false;
};

struct WindowEngine::Key {
  std::int64_t rows = 0;  // before this batch
  int batch_rows = 0;
  int batch_at = 0;
  Series *series = nullptr;
  FunctionState *states = nullptr;
  OrderWord *last = nullptr;
};

namespace {

constexpr std::size_t kNoLimit = SIZE_MAX / 4;
constexpr std::int64_t kFirstCapacity = 16;

bool IsFloat(ValueKind kind) noexcept {
  return kind == ValueKind::kFloat4 || kind == ValueKind::kFloat8;
}

}  // namespace

WindowEngine::WindowEngine(std::pmr::memory_resource &memory, const WindowPlan &plan)
    : plan_(plan),
      table_(memory, plan.keys, plan.kinds, kNoLimit, 0),
      arena_(memory),
      words_(memory, plan) {
  if (plan.keys.key_count == 0) only_row_ = table_.AddOnlyRow();
}

std::size_t WindowEngine::BytesOfKey(const WindowPlan &plan) noexcept {
  auto bytes = static_cast<double>(sizeof(Key)) + plan.keys.stride + 64;
  for (int i = 0; i < plan.series_count; ++i) {
    // Outgrown memory stays, and what grows doubles.
    const auto rows = static_cast<double>(std::max(plan.series[i].history, kFirstCapacity));
    bytes += static_cast<double>(sizeof(Series)) + rows * 9 * 8;
  }
  for (int i = 0; i < plan.function_count; ++i) {
    bytes += sizeof(FunctionState);
    const WindowOp op = plan.functions[i].op;
    const bool has_deque = op == WindowOp::kMin || op == WindowOp::kMax;
    if (has_deque) bytes += static_cast<double>(HistoryOf(plan.functions[i])) * 16 * 4 + 128;
  }
  return bytes > 1e18 ? static_cast<std::size_t>(1e18) : static_cast<std::size_t>(bytes);
}

WindowEngine::Key *WindowEngine::NewKey() {
  Key *key = NewArray<Key>(arena_, 1);
  key->series = NewArray<Series>(arena_, static_cast<std::size_t>(plan_.series_count));
  key->states = NewArray<FunctionState>(arena_, static_cast<std::size_t>(plan_.function_count));
  if (plan_.needs_peers) {
    key->last = NewArray<OrderWord>(arena_, static_cast<std::size_t>(plan_.order_count));
  }
  return key;
}

WindowEngine::Key *WindowEngine::KeyOf(std::byte *row) {
  std::byte *at = row + plan_.keys.extra;
  auto *key = Load<Key *>(at);
  if (key == nullptr) {
    key = NewKey();
    Store(at, key);
  }
  return key;
}

// Puts the batch's rows of each key together, in their order. Returns how many keys there are.
int WindowEngine::SortByKey(int count) {
  int touched = 0;
  for (int i = 0; i < count; ++i) {
    Key *key = KeyOf(only_row_ != nullptr ? only_row_ : rows_[i]);
    key_[i] = key;
    if (key->batch_rows++ == 0) touched_[touched++] = key;
  }
  int at = 0;
  for (int i = 0; i < touched; ++i) {
    touched_[i]->batch_at = at;
    at += touched_[i]->batch_rows;
  }
  for (int i = 0; i < count; ++i) order_[key_[i]->batch_at++] = i;
  return touched;
}

void WindowEngine::MakeRoom(Series &series, std::int64_t history, int count) {
  if (series.size + count <= series.capacity) return;
  const std::int64_t kept = std::min(series.size, history);
  const std::int64_t gone = series.size - kept;
  std::int64_t *word = series.word;
  std::uint8_t *null = series.null;
  // Twice what is kept, so that moving it down is rare.
  const std::int64_t needed = kept + std::max<std::int64_t>(count, kept);
  if (needed > series.capacity) {
    std::int64_t capacity = std::max(series.capacity, kFirstCapacity);
    while (capacity < needed) capacity *= 2;
    series.word = NewArray<std::int64_t>(arena_, static_cast<std::size_t>(capacity));
    series.null = NewArray<std::uint8_t>(arena_, static_cast<std::size_t>(capacity));
    series.capacity = capacity;
  }
  if (kept > 0) {
    std::memmove(series.word, word + gone, static_cast<std::size_t>(kept) * sizeof(*word));
    std::memmove(series.null, null + gone, static_cast<std::size_t>(kept));
  }
  series.base += gone;
  series.size = kept;
}

void WindowEngine::Append(Key &key, const Column *columns, const int *rows, int count) {
  for (int s = 0; s < plan_.series_count; ++s) {
    const WindowSeries &from = plan_.series[s];
    const Column &column = columns[from.column];
    Series &series = key.series[s];
    MakeRoom(series, from.history, count);
    std::int64_t *word = series.word + series.size;
    std::uint8_t *null = series.null + series.size;
    for (int i = 0; i < count; ++i) word[i] = column.word[rows[i]];
    if (column.has_nulls || series.has_nulls) {
      const std::int64_t nothing = IsFloat(from.kind) ? AsWord(-0.0) : 0;
      for (int i = 0; i < count; ++i) {
        null[i] = column.null[rows[i]];
        if (null[i] != 0) word[i] = nothing;
        series.has_nulls |= null[i] != 0;
      }
    } else {
      std::memset(null, 0, static_cast<std::size_t>(count));
    }
    if (from.kind == ValueKind::kFloat8 && !series.has_large) {
      bool large = false;
      for (int i = 0; i < count; ++i) large |= std::fabs(AsDouble(word[i])) > kHarmlessFloat;
      series.has_large = large;
    }
    series.size += count;
  }
}

void WindowEngine::FindPeers(Key &key, const int *rows, int count) {
  const OrderWord *last = key.last;
  for (int i = 0; i < count; ++i) {
    const OrderWord *words = words_.At(rows[i]);
    equal_prefix_[i] =
        static_cast<std::uint8_t>(MatchOrder(last, words, plan_.order_count).equal_prefix);
    last = words;
  }
  std::copy_n(last, plan_.order_count, key.last);
}

// Replaces the numbers of rows by their values. A row that the history no longer holds was the
// partition's first or n-th, which is remembered.
void WindowEngine::TakeRows(Key &key, int function, const int *rows, int count,
                            WindowResults &results) {
  const WindowFunction &plan = plan_.functions[function];
  const Series &series = key.series[plan.series];
  FunctionState &state = key.states[function];
  const WindowResult &result = results[function];
  for (int i = 0; i < count; ++i) {
    const int at = rows[i];
    if (result.state[at] != ResultState::kValue) continue;
    const std::int64_t row = result.word[at];
    if (plan.frame.from_first && state.high == 0 && plan.op != WindowOp::kOffset &&
        plan.op != WindowOp::kLast) {
      state.high = 1;
      state.sum.integer = series.word[row - series.base];
      state.count = series.null[row - series.base];
    }
    const bool is_saved = state.high != 0;
    const bool is_null = (is_saved ? state.count : series.null[row - series.base]) != 0;
    result.word[at] =
        is_saved ? static_cast<std::int64_t>(state.sum.integer) : series.word[row - series.base];
    result.state[at] = is_null ? ResultState::kNull : ResultState::kValue;
  }
}

void WindowEngine::RunKey(Key &key, const Column *columns, const int *rows, int count,
                          WindowResults &results) {
  Append(key, columns, rows, count);
  if (plan_.needs_peers) FindPeers(key, rows, count);
  WindowSpan span;
  span.first = key.rows;
  span.count = count;
  span.known = key.rows + count;
  span.out = rows;
  span.equal_prefix = equal_prefix_;
  span.memory = &arena_;
  for (int f = 0; f < plan_.function_count; ++f) {
    const WindowFunction &function = plan_.functions[f];
    SeriesView view;
    if (function.series >= 0) {
      const Series &series = key.series[function.series];
      view = {series.word, series.null,      series.base,
              series.size, series.has_nulls, series.has_large};
    }
    ComputeFunction(function, &view, span, key.states[f], results[f]);
    if (FindsRow(function.op)) TakeRows(key, f, rows, count, results);
  }
  key.rows += count;
}

void WindowEngine::Run(const Column *columns, int count, WindowResults &results) {
  if (only_row_ == nullptr) table_.Find(columns, count, rows_);
  if (plan_.needs_peers) words_.Fill(columns, count);
  const int touched = SortByKey(count);
  int at = 0;
  for (int i = 0; i < touched; ++i) {
    Key &key = *touched_[i];
    RunKey(key, columns, order_ + at, key.batch_rows, results);
    at += key.batch_rows;
    key.batch_rows = 0;
  }
}

}  // namespace weir::core
