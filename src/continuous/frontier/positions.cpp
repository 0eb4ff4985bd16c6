#include "continuous/frontier/positions.hpp"

#include "core/hold/lsn_bounds.hpp"
#include "pg/failpoint.hpp"

extern "C" {
#include "access/xlog.h"
#include "port/atomics.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
}

namespace weir::continuous {
namespace {

core::LsnBounds bounds;
HTAB *notes = nullptr;

constexpr Size kNoteKeyBytes = offsetof(IdleNote, relfilenode);

void MakeNotes() {
  HASHCTL control{};
  control.keysize = kNoteKeyBytes;
  control.entrysize = sizeof(IdleNote);
  notes = hash_create("weir idle ticks", 64, &control, HASH_ELEM | HASH_BLOBS);
}

}  // namespace

void NotePosition() {
  const XLogRecPtr lsn = GetXLogInsertRecPtr();
  // The position first: a transaction that begins in between makes the pair only weaker.
  pg_memory_barrier();
  bounds.Add(lsn, U64FromFullTransactionId(ReadNextFullTransactionId()));
}

XLogRecPtr PositionBelow(FullTransactionId h) {
  if (WEIR_SEEDED("delta.current_lsn")) return GetXLogInsertRecPtr();
  return bounds.Find(U64FromFullTransactionId(h));
}

void NoteIdle(const IdleNote &note) {
  if (notes == nullptr) MakeNotes();
  auto *entry = static_cast<IdleNote *>(hash_search(notes, &note, HASH_ENTER, nullptr));
  *entry = note;
}

const IdleNote *FindIdle(int32 query_id, Oid relation) {
  if (notes == nullptr) return nullptr;
  IdleNote key{};
  key.query_id = query_id;
  key.relation = relation;
  return static_cast<const IdleNote *>(hash_search(notes, &key, HASH_FIND, nullptr));
}

}  // namespace weir::continuous
