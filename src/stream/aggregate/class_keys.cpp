// Rows whose keys have classes: numbers before groups.
//
// Once memory is full no new value gets a number. All rows of a value without one are spilled, by
// its hash, so that a group is in memory or in the files from its first row on, as ever.
#include "stream/aggregate/call.hpp"
#include "stream/node/spill.hpp"

namespace weir::stream {
namespace {

Size AllClassesBytes(const AggregateScan *scan) {
  Size bytes = 0;
  for (int key = 0; key < scan->plan->layout.key_count; ++key) {
    if (scan->classes[key] != nullptr) bytes += ClassesBytes(scan->classes[key]);
  }
  return bytes;
}

// What lies outside of the groups' own memory.
Size BytesBeside(const AggregateScan *scan) {
  return (scan->has_classes ? AllClassesBytes(scan) : 0) +
         (scan->calls != NIL ? CallBytes(scan) : 0);
}

void SpillStrangers(AggregateScan *scan, const core::Column *columns, int count) {
  if (scan->spill == nullptr) {
    scan->spill = MakeSpill(scan->css.ss.ps.state->es_query_cxt, scan->input_count, columns);
  }
  const Strangers *strangers = scan->strangers;
  for (int i = 0; i < count; ++i) {
    if (strangers->is_stranger[i]) SpillRow(scan->spill, columns, i, strangers->hash[i]);
  }
}

int DropStrangers(const AggregateScan *scan, core::Column *columns, int count) {
  int kept = 0;
  for (int i = 0; i < count; ++i) {
    if (scan->strangers->is_stranger[i]) continue;
    for (int c = 0; c < scan->input_count; ++c) core::MoveRow(columns[c], i, kept);
    ++kept;
  }
  return kept;
}

}  // namespace

void PrepareClasses(AggregateScan *scan, Size limit) {
  scan->memory_limit = limit;
  for (int key = 0; key < scan->plan->layout.key_count; ++key) {
    KeyClasses *classes = scan->classes[key];
    if (classes == nullptr) continue;
    // What is kept spares the next window the work.
    if (AreClassesClosed(classes) || ClassesBytes(classes) > limit / 4) ResetKeyClasses(classes);
  }
}

void SetMemoryLimit(AggregateScan *scan, Size limit) {
  scan->memory_limit = limit;
  scan->aggregator->set_limit(limit);
}

Size MemoryInUse(const AggregateScan *scan) {
  return scan->aggregator->bytes() + BytesBeside(scan);
}

// A part is theirs in any case.
void LimitGroups(AggregateScan *scan) {
  const Size limit = scan->memory_limit;
  const Size beside = BytesBeside(scan);
  scan->aggregator->set_limit(Max(limit > beside ? limit - beside : 0, limit / 4));
}

int NumberRows(AggregateScan *scan, core::Column *columns, int count) {
  const core::RowLayout &layout = scan->plan->layout;
  Strangers *strangers = scan->strangers;
  strangers->count = 0;
  memset(strangers->is_stranger, 0, sizeof(bool) * static_cast<Size>(count));
  memset(strangers->hash, 0, sizeof(uint64) * static_cast<Size>(count));
  // Without spilled rows there are no strangers yet, and a higher limit opens the classes again.
  const bool is_full = MemoryInUse(scan) > scan->memory_limit;
  for (int key = 0; key < layout.key_count; ++key) {
    KeyClasses *classes = scan->classes[key];
    if (classes == nullptr) continue;
    if (is_full || scan->spill == nullptr) CloseClasses(classes, is_full);
    NumberKeys(classes, &columns[layout.key_column[key]], count, strangers);
  }
  if (strangers->count == 0) return count;
  SpillStrangers(scan, columns, count);
  return DropStrangers(scan, columns, count);
}

}  // namespace weir::stream
