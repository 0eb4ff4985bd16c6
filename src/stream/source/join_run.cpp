// Reading inner tables, and finding the rows of theirs that a page's rows meet.
#include "stream/node/scan_state.hpp"
#include "stream/source/join.hpp"

extern "C" {
#include "executor/executor.h"
#include "executor/instrument.h"
#include "executor/nodeHash.h"
#include "utils/memutils.h"
}

namespace weir::stream {
namespace {

constexpr int kFirstRows = 1024;
constexpr int kMostRows = 1 << 28;

template <typename T>
void Grow(T **array, int rows, int capacity) {
  const Size bytes = static_cast<Size>(capacity) * sizeof(T);
  if (*array == nullptr) {
    *array = static_cast<T *>(palloc_extended(bytes, MCXT_ALLOC_HUGE));
  } else {
    *array = static_cast<T *>(repalloc_huge(*array, bytes));
  }
  memset(*array + rows, 0, bytes - static_cast<Size>(rows) * sizeof(T));
}

void MakeRoom(TableJoin *join) {
  if (join->rows < join->capacity) return;
  MemoryContext old = MemoryContextSwitchTo(join->context);
  const int capacity = Max(kFirstRows, join->capacity * 2);
  Grow(&join->keys, join->rows, capacity);
  for (int i = 0; i < join->column_count; ++i) {
    core::Column *values = &join->columns[i].values;
    Grow(&values->word, join->rows, capacity);
    Grow(&values->null, join->rows, capacity);
    if (values->kind != core::ValueKind::kText && values->kind != core::ValueKind::kNumeric) {
      continue;
    }
    Grow(&values->high, join->rows, capacity);
    Grow(&values->outline, join->rows, capacity);
    Grow(&values->length, join->rows, capacity);
  }
  join->capacity = capacity;
  MemoryContextSwitchTo(old);
}

void AddInnerRow(TableJoin *join, TupleTableSlot *slot) {
  slot_getallattrs(slot);
  // A key that is NULL meets nobody.
  if (slot->tts_isnull[join->inner_key - 1]) return;
  MakeRoom(join);
  core::Column key{};
  int64_t word;
  key.word = &word;
  EncodeDatum(&key, 0, join->inner_encoding, 0, slot->tts_values[join->inner_key - 1], nullptr);
  join->keys[join->rows] = word;
  for (int i = 0; i < join->column_count; ++i) {
    JoinColumn *column = &join->columns[i];
    if (slot->tts_isnull[column->attribute - 1]) {
      EncodeNull(&column->values, join->rows);
    } else {
      EncodeDatum(&column->values, join->rows, column->encoding, column->length,
                  slot->tts_values[column->attribute - 1], join->context);
    }
  }
  ++join->rows;
}

void Forget(TableJoin *join, const Source *source) {
  MemoryContextReset(join->context);
  join->rows = 0;
  join->capacity = 0;
  join->keys = nullptr;
  for (int i = 0; i < join->column_count; ++i) {
    const core::Column &like = source->set->columns[join->columns[i].column];
    join->columns[i].values = core::Column{.kind = like.kind, .is_padded = like.is_padded};
  }
}

bool IndexKeys(TableJoin *join) {
  const Size places = core::KeyIndex::PlacesFor(static_cast<Size>(join->rows));
  auto *memory = static_cast<core::KeyPlace *>(MemoryContextAllocExtended(
      join->context, places * sizeof(core::KeyPlace), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
  join->index = core::KeyIndex(memory, places);
  for (int i = 0; i < join->rows; ++i) {
    if (!join->index.Add(join->keys[i], static_cast<uint32>(i))) return false;
  }
  return true;
}

// False when the table is larger than the server's own join may keep in memory.
bool ReadRows(TableJoin *join) {
  constexpr int kCheckEvery = 1024;
  const Size limit = get_hash_memory_limit();
  PlanState *inner = outerPlanState(&join->hash->ps);
  Instrumentation *instrument = join->hash->ps.instrument;
  if (instrument != nullptr) InstrStartNode(instrument);
  bool fits = true;
  while (fits) {
    TupleTableSlot *slot = ExecProcNode(inner);
    if (TupIsNull(slot)) break;
    AddInnerRow(join, slot);
    if (join->rows % kCheckEvery == 0) CHECK_FOR_INTERRUPTS();
    const Size index_bytes = static_cast<Size>(join->rows) * 4 * sizeof(core::KeyPlace);
    fits = join->rows < kMostRows &&
           MemoryContextMemAllocated(join->context, false) + index_bytes <= limit;
  }
  if (instrument != nullptr) InstrStopNode(instrument, join->rows);
  return fits;
}

bool ReadInner(AggregateScan *scan, const Source *source, TableJoin *join) {
  const bool has_changed = join->hash->ps.chgParam != nullptr;
  if (join->was_read && !has_changed) return true;
  if (join->was_read || has_changed) ExecReScan(&join->hash->ps);
  if (join->context == nullptr) {
    join->context = AllocSetContextCreate(scan->css.ss.ps.state->es_query_cxt, "weir inner table",
                                          ALLOCSET_DEFAULT_SIZES);
  }
  Forget(join, source);
  join->was_read = true;
  return ReadRows(join) && IndexKeys(join);
}

void FillColumn(const JoinColumn &from, core::Column *to, const uint32 *match, int at, int count) {
  const core::Column &values = from.values;
  for (int i = 0; i < count; ++i) to->word[at + i] = values.word[match[i]];
  if (values.high != nullptr) {
    for (int i = 0; i < count; ++i) to->high[at + i] = values.high[match[i]];
  }
  const bool has_bytes =
      values.has_outline || values.is_padded || values.kind == core::ValueKind::kNumeric;
  for (int i = 0; has_bytes && i < count; ++i) {
    to->outline[at + i] = values.outline[match[i]];
    to->length[at + i] = values.length[match[i]];
  }
  to->has_outline |= values.has_outline;
  if (!values.has_nulls) return;
  for (int i = 0; i < count; ++i) {
    to->null[at + i] = values.null[match[i]];
    to->has_nulls |= to->null[at + i] != 0;
  }
}

}  // namespace

bool ReadInnerTables(AggregateScan *scan, Source *source) {
  bool is_joined = true;
  for (int i = 0; i < source->join_count; ++i) {
    TableJoin *join = &source->joins[i];
    // Otherwise the call of the join that never comes would do it.
    if (join->state->js.ps.chgParam != nullptr) ExecReScan(&join->state->js.ps);
    is_joined = is_joined && ReadInner(scan, source, join);
  }
  if (is_joined) return true;
  for (int i = 0; i < source->join_count; ++i) {
    TableJoin *join = &source->joins[i];
    if (join->was_read) ExecReScan(&join->hash->ps);
    if (join->context != nullptr) MemoryContextDelete(join->context);
    join->context = nullptr;
  }
  return false;
}

int KeepJoined(Source *source, uint16 *kept, int count) {
  for (int i = source->join_count - 1; i >= 0; --i) {
    TableJoin *join = &source->joins[i];
    const core::Column &key = source->qual_set->columns[join->key_column];
    count = join->index.Narrow(key.word, key.null, kept, count, join->match);
    join->passed += count;
  }
  return count;
}

void MovePartners(Source *source, const uint16 *kept, int count) {
  for (int i = 0; i < source->join_count; ++i) {
    uint32 *match = source->joins[i].match;
    for (int k = 0; k < count; ++k) match[k] = match[kept[k]];
  }
}

void FillPartners(Source *source, int at, int count) {
  for (int i = 0; i < source->join_count; ++i) {
    const TableJoin &join = source->joins[i];
    for (int k = 0; k < join.column_count; ++k) {
      core::Column *column = &source->set->columns[join.columns[k].column];
      FillColumn(join.columns[k], column, join.match, at, count);
    }
  }
}

void StartJoins(Source *source) {
  for (int i = 0; i < source->join_count; ++i) {
    TableJoin *join = &source->joins[i];
    join->passed = 0;
    Instrumentation *instrument = join->state->js.ps.instrument;
    if (instrument != nullptr) InstrStartNode(instrument);
  }
}

void StopJoins(Source *source) {
  for (int i = 0; i < source->join_count; ++i) {
    TableJoin *join = &source->joins[i];
    Instrumentation *instrument = join->state->js.ps.instrument;
    if (instrument != nullptr) InstrStopNode(instrument, static_cast<double>(join->passed));
  }
}

}  // namespace weir::stream
