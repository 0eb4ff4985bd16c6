#include "core/window/partition_run.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/column/text_word.hpp"
#include "core/group/update_kernels.hpp"

namespace weir::core {

PartitionRun::PartitionRun(std::pmr::memory_resource &memory, const WindowPlan &plan,
                           const PartitionStore &store)
    : plan_(plan),
      store_(store),
      deques_(memory),
      series_(&memory),
      peer_end_(&memory),
      states_(&memory) {
  for (int s = 0; s < plan.series_count; ++s) {
    series_.push_back(
        {std::pmr::vector<std::int64_t>(&memory), std::pmr::vector<std::uint8_t>(&memory), {}});
  }
  for (int i = 0; i <= plan.order_count; ++i) {
    peer_end_.push_back(std::pmr::vector<std::int64_t>(&memory));
  }
  states_.resize(static_cast<std::size_t>(plan.function_count));
  std::iota(identity_, identity_ + kBatchRows, 0);
}

void PartitionRun::FillSeries(int number) {
  const WindowSeries &plan = plan_.series[number];
  Series &series = series_[static_cast<std::size_t>(number)];
  const auto size = static_cast<std::size_t>(partition_.count);
  series.word.resize(size);
  series.null.resize(size);
  const bool is_float = plan.kind == ValueKind::kFloat4 || plan.kind == ValueKind::kFloat8;
  const std::int64_t nothing = is_float ? AsWord(-0.0) : 0;
  bool has_nulls = false;
  bool has_large = false;
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t row = partition_.first + static_cast<std::int64_t>(i);
    const bool is_null = store_.IsNull(row, plan.column);
    has_nulls |= is_null;
    series.null[i] = is_null ? 1 : 0;
    series.word[i] = is_null ? nothing : store_.WordOf(row, plan.column);
    has_large |= std::fabs(AsDouble(series.word[i])) > kHarmlessFloat;
  }
  series.view = {series.word.data(), series.null.data(), 0,
                 partition_.count,   has_nulls,          is_float && has_large};
}

// From the last row backwards: a row whose successor is a peer ends where that one does.
void PartitionRun::FillPeerEnds(int order_columns) {
  auto &ends = peer_end_[static_cast<std::size_t>(order_columns)];
  ends.resize(static_cast<std::size_t>(partition_.count));
  std::int64_t end = partition_.count;
  for (std::int64_t i = partition_.count - 1; i >= 0; --i) {
    ends[static_cast<std::size_t>(i)] = end;
    if (i == 0) break;
    const std::int64_t row = partition_.first + i;
    const OrderMatch match =
        MatchOrder(store_.OrderOf(row - 1), store_.OrderOf(row), plan_.order_count);
    if (match.equal_prefix < order_columns) end = i;
  }
}

void PartitionRun::StartPartition() {
  partition_ = store_.partition(++number_);
  done_ = 0;
  for (int s = 0; s < plan_.series_count; ++s) FillSeries(s);
  for (auto &ends : peer_end_) ends.clear();
  for (int f = 0; f < plan_.function_count; ++f) {
    const WindowFunction &function = plan_.functions[f];
    FunctionState &state = states_[static_cast<std::size_t>(f)];
    FrameDeque deque = state.deque;
    deque.Clear();
    state = FunctionState{};
    state.deque = deque;
    const bool is_filled = !peer_end_[static_cast<std::size_t>(function.order_columns)].empty();
    if (function.frame.to_peer && !is_filled) FillPeerEnds(function.order_columns);
  }
}

void PartitionRun::FindPeers(std::int64_t row, int count) {
  for (int i = 0; i < count; ++i) {
    const std::int64_t at = row + i;
    equal_prefix_[i] = 0;
    if (at == partition_.first) continue;
    equal_prefix_[i] = static_cast<std::uint8_t>(
        MatchOrder(store_.OrderOf(at - 1), store_.OrderOf(at), plan_.order_count).equal_prefix);
  }
}

void PartitionRun::TakeRows(const WindowFunction &function, int count,
                            const WindowResult &result) const {
  const int column = plan_.series[function.series].column;
  Column out;
  std::uint8_t nulls[kBatchRows];
  out.word = result.word;
  out.high = result.high;
  out.outline = result.outline;
  out.length = result.length;
  out.null = nulls;
  for (int i = 0; i < count; ++i) {
    if (result.state[i] != ResultState::kValue) continue;
    store_.Read(partition_.first + result.word[i], column, out, i);
    if (nulls[i] != 0) result.state[i] = ResultState::kNull;
  }
}

int PartitionRun::Next(WindowResults &results) {
  while (number_ < 0 || done_ == partition_.count) {
    if (number_ + 1 >= store_.partition_count()) return 0;
    StartPartition();
  }
  const int count = static_cast<int>(std::min<std::int64_t>(partition_.count - done_, kBatchRows));
  first_row_ = partition_.first + done_;
  if (plan_.needs_peers) FindPeers(first_row_, count);
  WindowSpan span;
  span.first = done_;
  span.count = count;
  span.known = partition_.count;
  span.out = identity_;
  span.equal_prefix = equal_prefix_;
  span.memory = &deques_;
  for (int f = 0; f < plan_.function_count; ++f) {
    const WindowFunction &function = plan_.functions[f];
    const SeriesView *view =
        function.series >= 0 ? &series_[static_cast<std::size_t>(function.series)].view : nullptr;
    span.peer_end = peer_end_[static_cast<std::size_t>(function.order_columns)].data();
    ComputeFunction(function, view, span, states_[static_cast<std::size_t>(f)], results[f]);
    if (FindsRow(function.op)) TakeRows(function, count, results[f]);
  }
  done_ += count;
  return count;
}

}  // namespace weir::core
