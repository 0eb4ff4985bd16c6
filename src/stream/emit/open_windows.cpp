#include "stream/emit/open_windows.hpp"

#include "pg/context_resource.hpp"
#include "pg/owned.hpp"
#include "stream/node/scan_state.hpp"

extern "C" {
#include "executor/nodeHash.h"
#include "utils/memutils.h"
}

namespace weir::stream {
namespace {

// A window begins small: its table grows when it must.
constexpr double kExpectedGroups = 64;

bool IsBefore(const OpenWindow &a, int64 start, bool is_null) {
  if (a.is_null != is_null) return is_null;
  return a.start < start;
}

bool IsSame(const OpenWindow &a, int64 start, bool is_null) {
  return a.start == start && a.is_null == is_null;
}

// The first window that is not before this one.
int Search(const OpenWindows *windows, int64 start, bool is_null) {
  int low = windows->first;
  int high = windows->count;
  // Input in order asks for the last window, or for one after it.
  if (low < high && IsBefore(windows->at[high - 1], start, is_null)) return high;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (IsBefore(windows->at[middle], start, is_null)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void MakeRoom(AggregateScan *scan, OpenWindows *windows) {
  if (windows->count < windows->room) return;
  const int used = windows->count - windows->first;
  // Where most of the array lies before the first window, moving is enough.
  if (windows->first <= used) windows->room = Max(windows->room * 2, 16);
  auto *at = static_cast<OpenWindow *>(MemoryContextAllocHuge(
      scan->groups_context, sizeof(OpenWindow) * static_cast<Size>(windows->room)));
  if (used > 0)
    memcpy(at, windows->at + windows->first, sizeof(OpenWindow) * static_cast<Size>(used));
  if (windows->at != nullptr) pfree(windows->at);
  windows->at = at;
  windows->first = 0;
  windows->count = used;
}

void FreeWindow(OpenWindows *windows, OpenWindow *window) {
  if (window->context == nullptr) return;
  windows->bytes -= window->bytes;
  if (windows->spare.context != nullptr) {
    MemoryContextDelete(window->context);
  } else {
    window->aggregator->Clear();
    windows->spare = *window;
  }
}

void ForgetSettled(OpenWindows *windows) {
  while (windows->settled > 0 && windows->bytes >= windows->limit) {
    OpenWindow *oldest = &windows->at[windows->first];
    windows->forgotten = oldest->start;
    FreeWindow(windows, oldest);
    ++windows->first;
    --windows->settled;
  }
}

void StartWindow(AggregateScan *scan, OpenWindows *windows, OpenWindow *window) {
  if (windows->spare.context != nullptr) {
    window->context = windows->spare.context;
    window->aggregator = windows->spare.aggregator;
    windows->spare.context = nullptr;
    CountMemory(windows, window);
    return;
  }
  window->context =
      AllocSetContextCreate(scan->groups_context, "weir window", ALLOCSET_DEFAULT_SIZES);
  auto *resource = pg::MakeOwned<pg::ContextResource>(window->context, window->context);
  auto &memory = static_cast<std::pmr::memory_resource &>(*resource);
  const core::AggregatorPlan &plan = *scan->plan;
  const Size limit = windows->limit;
  window->aggregator =
      pg::MakeOwned<core::HashAggregator>(window->context, memory, plan, limit, kExpectedGroups);
  CountMemory(windows, window);
}

OpenWindow *Insert(AggregateScan *scan, OpenWindows *windows, const OpenWindow &window) {
  MakeRoom(scan, windows);
  const int place = Search(windows, window.start, window.is_null);
  memmove(windows->at + place + 1, windows->at + place,
          sizeof(OpenWindow) * static_cast<Size>(windows->count - place));
  windows->at[place] = window;
  ++windows->count;
  windows->last_found = place;
  return &windows->at[place];
}

}  // namespace

void StartWindows(AggregateScan *scan, OpenWindows *windows) {
  // Resets the memory of all windows as well.
  StartAggregator(scan, 0, 0);
  *windows = OpenWindows{};
  windows->forgotten = PG_INT64_MIN;
  windows->limit = get_hash_memory_limit();
  windows->overflow = scan->aggregator;
}

OpenWindow *FindWindow(AggregateScan *scan, OpenWindows *windows, int64 start, bool is_null,
                       bool is_late) {
  const int last = windows->last_found;
  if (last >= windows->first && last < windows->count &&
      IsSame(windows->at[last], start, is_null)) {
    return &windows->at[last];
  }
  const int found = Search(windows, start, is_null);
  if (found < windows->count && IsSame(windows->at[found], start, is_null)) {
    windows->last_found = found;
    return &windows->at[found];
  }
  ForgetSettled(windows);
  const bool has_memory = windows->bytes < windows->limit;
  if (is_late && (start <= windows->forgotten || !has_memory)) return nullptr;
  OpenWindow window{start, is_null, nullptr, 0, windows->overflow};
  if (has_memory) StartWindow(scan, windows, &window);
  if (is_late) ++windows->settled;
  return Insert(scan, windows, window);
}

void LendMemory(const OpenWindows *windows, const OpenWindow *window) {
  if (window->context == nullptr) return;
  const Size left = windows->limit > windows->bytes ? windows->limit - windows->bytes : 0;
  window->aggregator->set_limit(window->aggregator->bytes() + left);
}

void CountMemory(OpenWindows *windows, OpenWindow *window) {
  if (window->context == nullptr) return;
  const Size bytes = MemoryContextMemAllocated(window->context, false);
  windows->bytes += bytes - window->bytes;
  window->bytes = bytes;
}

OpenWindow *FirstOpen(const OpenWindows *windows, int64 bound) {
  const int first = windows->first + windows->settled;
  if (first >= windows->count) return nullptr;
  OpenWindow *window = &windows->at[first];
  const bool closes_at_end = bound == PG_INT64_MAX;
  return closes_at_end || (!window->is_null && window->start < bound) ? window : nullptr;
}

void SettleFirst(OpenWindows *windows, bool keeps) {
  if (keeps) {
    ++windows->settled;
    return;
  }
  FreeWindow(windows, &windows->at[windows->first + windows->settled]);
  ++windows->first;
}

}  // namespace weir::stream
