#include "stream/node/spill.hpp"

#include "core/column/numeric_value.hpp"
#include "core/column/text_word.hpp"

extern "C" {
#include "nodes/pg_list.h"
#include "storage/buffile.h"
#include "utils/memutils.h"
}

namespace weir::stream {
namespace {

constexpr int kPartitionBits = 5;
constexpr int kPartitions = 1 << kPartitionBits;
constexpr int kFirstBit = 43;  // below the table's tag, above its index
constexpr int kDeepestLevel = 6;

struct Partition {
  BufFile *file;
  int level;
};

// One row in the file; words, then the bytes of long values follow.
struct RowHeader {
  uint32 size;  // of the whole record
  uint32 unused;
  uint64 hash;
  uint64 nulls;
};

}  // namespace

struct SpillState {
  MemoryContext context;
  int column_count;
  core::Column columns[core::kMaxColumns];  // of the partition being read
  Partition writing[kPartitions];
  int level;      // of the partitions being written
  List *pending;  // of Partition
  BufFile *reading;
  char *record;  // one record being built
  Size record_size;
  int64 bytes;
  int64 partitions;
};

namespace {

int PartitionOf(uint64 hash, int level) {
  return static_cast<int>(hash >> (kFirstBit - level * kPartitionBits)) & (kPartitions - 1);
}

bool IsText(const core::Column &column) { return column.kind == core::ValueKind::kText; }

// The bytes that a row keeps outside the column's words.
core::Outline OutsideBytes(const core::Column &column, int row) {
  if (column.null[row] != 0 || column.outline == nullptr) return {};
  if (IsText(column)) {
    if (!column.is_padded && !core::IsOutline(column.high[row])) return {};
    return {column.outline[row], column.length[row]};
  }
  if (column.length[row] != core::kNotFixed) return {};
  return {column.outline[row], core::Load<uint32>(column.outline[row]) + 4};
}

Size RecordSize(const core::Column *columns, int column_count, int row) {
  Size size = sizeof(RowHeader);
  for (int i = 0; i < column_count; ++i) {
    size += sizeof(int64);
    if (columns[i].high == nullptr) continue;
    size += sizeof(uint64) + sizeof(uint64) + MAXALIGN(OutsideBytes(columns[i], row).length);
  }
  return size;
}

char *Put(char *at, const void *bytes, Size size) {
  memcpy(at, bytes, size);
  return at + size;
}

// Words of a column: the value; with a second word come its length and how many bytes follow.
char *PutColumn(char *at, const core::Column &column, int row) {
  at = Put(at, &column.word[row], sizeof(int64));
  if (column.high == nullptr) return at;
  const core::Outline outside = OutsideBytes(column, row);
  at = Put(at, &column.high[row], sizeof(uint64));
  const uint32 lengths[2] = {column.length[row], outside.length};
  at = Put(at, lengths, sizeof(lengths));
  if (outside.length > 0) memcpy(at, outside.bytes, outside.length);
  return at + MAXALIGN(outside.length);
}

void GrowRecord(SpillState *spill, Size size) {
  if (size <= spill->record_size) return;
  if (spill->record != nullptr) pfree(spill->record);
  spill->record = static_cast<char *>(MemoryContextAllocHuge(spill->context, size * 2));
  spill->record_size = size * 2;
}

void CloseWriting(SpillState *spill) {
  MemoryContext old = MemoryContextSwitchTo(spill->context);
  for (Partition &partition : spill->writing) {
    if (partition.file == nullptr) continue;
    auto *pending = static_cast<Partition *>(palloc(sizeof(Partition)));
    *pending = partition;
    // Deepest first: fewer files are open at a time.
    spill->pending = lcons(pending, spill->pending);
    partition.file = nullptr;
  }
  MemoryContextSwitchTo(old);
}

const char *GetColumn(const char *at, core::Column *column, int row, bool is_null) {
  column->null[row] = is_null;
  column->has_nulls |= is_null;
  column->word[row] = core::Load<int64>(at);
  at += sizeof(int64);
  if (column->high == nullptr) return at;
  column->high[row] = core::Load<uint64>(at);
  at += sizeof(uint64);
  column->length[row] = core::Load<uint32>(at);
  const uint32 outside = core::Load<uint32>(at + sizeof(uint32));
  at += 2 * sizeof(uint32);
  column->outline[row] = at;
  column->has_outline |= outside > 0;
  return at + MAXALIGN(outside);
}

[[noreturn]] void RaiseShortRead() {
  ereport(ERROR, errcode_for_file_access(),
          errmsg("could not read from temporary file of the streaming executor"));
  pg_unreachable();
}

bool ReadRow(SpillState *spill, int row, MemoryContext context) {
  RowHeader header;
  const size_t got = BufFileRead(spill->reading, &header, sizeof(header));
  if (got == 0) return false;
  if (got != sizeof(header)) RaiseShortRead();
  const Size size = header.size - sizeof(header);
  auto *bytes = static_cast<char *>(MemoryContextAllocHuge(context, Max(size, 1)));
  if (BufFileRead(spill->reading, bytes, size) != size) RaiseShortRead();
  const char *at = bytes;
  for (int i = 0; i < spill->column_count; ++i) {
    at = GetColumn(at, &spill->columns[i], row, (header.nulls >> i & 1) != 0);
  }
  return true;
}

}  // namespace

SpillState *MakeSpill(MemoryContext parent, int column_count, const core::Column *like) {
  MemoryContext context =
      AllocSetContextCreate(parent, "weir spilled groups", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  auto *spill = static_cast<SpillState *>(palloc0(sizeof(SpillState)));
  spill->context = context;
  spill->column_count = column_count;
  for (int i = 0; i < column_count; ++i) CloneColumn(&spill->columns[i], like[i]);
  MemoryContextSwitchTo(old);
  return spill;
}

void DestroySpill(SpillState *spill) {
  CloseWriting(spill);
  if (spill->reading != nullptr) BufFileClose(spill->reading);
  ListCell *cell;
  foreach (cell, spill->pending) BufFileClose(static_cast<Partition *>(lfirst(cell))->file);
  MemoryContextDelete(spill->context);
}

void SpillRow(SpillState *spill, const core::Column *columns, int row, uint64 hash) {
  const Size size = RecordSize(columns, spill->column_count, row);
  GrowRecord(spill, size);
  RowHeader header{static_cast<uint32>(size), 0, hash, 0};
  for (int i = 0; i < spill->column_count; ++i) {
    header.nulls |= static_cast<uint64>(columns[i].null[row] != 0) << i;
  }
  char *at = Put(spill->record, &header, sizeof(header));
  for (int i = 0; i < spill->column_count; ++i) at = PutColumn(at, columns[i], row);
  Partition *partition = &spill->writing[PartitionOf(hash, spill->level)];
  if (partition->file == nullptr) {
    MemoryContext old = MemoryContextSwitchTo(spill->context);
    partition->file = BufFileCreateTemp(false);
    partition->level = spill->level;
    MemoryContextSwitchTo(old);
    ++spill->partitions;
  }
  BufFileWrite(partition->file, spill->record, size);
  spill->bytes += static_cast<int64>(size);
}

void SpillUnplaced(SpillState *spill, const core::HashAggregator *aggregator,
                   const core::Column *columns, int count) {
  for (int i = 0; i < count; ++i) {
    if (!aggregator->is_placed(i)) SpillRow(spill, columns, i, aggregator->HashOf(i));
  }
}

bool NextPartition(SpillState *spill) {
  CloseWriting(spill);
  if (spill->reading != nullptr) BufFileClose(spill->reading);
  spill->reading = nullptr;
  if (spill->pending == NIL) return false;
  auto *next = static_cast<Partition *>(linitial(spill->pending));
  spill->pending = list_delete_first(spill->pending);
  spill->reading = next->file;
  spill->level = next->level + 1;
  pfree(next);
  if (BufFileSeek(spill->reading, 0, 0, SEEK_SET) != 0) RaiseShortRead();
  return true;
}

bool MaySpillAgain(const SpillState *spill) { return spill->level <= kDeepestLevel; }

int ReadPartition(SpillState *spill, MemoryContext context) {
  int count = 0;
  while (!IsBatchFull(context, count) && ReadRow(spill, count, context)) ++count;
  return count;
}

core::Column *SpillColumns(SpillState *spill) { return spill->columns; }

int64 SpilledBytes(const SpillState *spill) { return spill->bytes; }
int64 SpilledPartitions(const SpillState *spill) { return spill->partitions; }

}  // namespace weir::stream
