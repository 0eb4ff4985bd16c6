// Where a backend folds its records while the ring is full, until there is room again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "core/record/query_record.hpp"
#include "core/shared/shared_layout.hpp"

namespace weir::core {

// One table per backend, in shared memory, with one owner that folds at a time; the collector, and
// whoever reads, may be other processes. An entry belongs to whoever moved its state to a held
// one; records are written by the owner alone, while it holds the entry, so it may compare keys
// without holding.
//
// What is ordered by what: letting go of an entry (release on the state) before the next hold
// (acquire) makes the record whole for the collector, and leaves it alone until the collector has
// read it. `group` and `calls` are atomic because others read them without holding.
//
// Nobody waits: the owner skips what the collector holds, the collector what the owner holds.
template <int kEntries>
class FoldTable {
  static_assert(kEntries > 0);

 public:
  // More calls than this are not folded into one entry, which keeps its 32-bit counts right.
  static constexpr std::uint32_t kMaxCalls = std::uint32_t{1} << 31;

  static constexpr std::size_t BytesFor() noexcept { return sizeof(FoldTable); }

  // Places an empty table in BytesFor() bytes at `memory`, 64-byte aligned.
  static FoldTable *Create(void *memory) noexcept { return new (memory) FoldTable(); }

  FoldTable(const FoldTable &) = delete;
  FoldTable &operator=(const FoldTable &) = delete;

  // The owner: adds `record` to the entry of its key in `group`, or starts one. False when there
  // is no entry to be had.
  bool Fold(const QueryRecord &record, std::uint32_t group) noexcept {
    Entry *free_entry = nullptr;
    for (Entry &entry : entries_) {
      const std::uint32_t state = entry.state.load(std::memory_order_relaxed);
      if (state == kFree && free_entry == nullptr) free_entry = &entry;
      if (state == kReady && CanTake(entry, record, group) && Hold(entry, kReady, kHeldByOwner)) {
        Merge(entry.record, record);
        LetOwnerGo(entry);
        return true;
      }
    }
    // Only the owner takes free entries, so it is still free.
    if (free_entry == nullptr || !Hold(*free_entry, kFree, kHeldByOwner)) return false;
    used_.fetch_add(1, std::memory_order_relaxed);
    free_entry->record = record;
    free_entry->group.store(group, std::memory_order_relaxed);
    LetOwnerGo(*free_entry);
    return true;
  }

  // The collector: hands the entries of `group` to push(const QueryRecord &), and frees each one
  // for which it returns true; stops at the first false. Returns how many were handed over. `push`
  // has to return: an entry it leaves in any other way stays held for ever.
  template <typename Push>
  std::size_t Collect(std::uint32_t group, Push &&push) noexcept {
    std::size_t collected = 0;
    if (Empty()) return collected;
    for (Entry &entry : entries_) {
      if (!HoldReady(entry, group)) continue;
      if (!push(static_cast<const QueryRecord &>(entry.record))) {
        entry.state.store(kReady, std::memory_order_release);
        break;
      }
      Free(entry);
      ++collected;
    }
    return collected;
  }

  // The collector: frees the ready entries of `group`; returns the calls that are lost thereby.
  std::uint64_t Discard(std::uint32_t group) noexcept {
    std::uint64_t calls = 0;
    Collect(group, [&](const QueryRecord &record) {
      calls += record.calls;
      return true;
    });
    return calls;
  }

  // Any process: the calls that wait here for `group`; exact when nobody folds or collects.
  std::uint64_t PendingCalls(std::uint32_t group) const noexcept {
    std::uint64_t calls = 0;
    if (Empty()) return calls;
    for (const Entry &entry : entries_) {
      if (entry.state.load(std::memory_order_acquire) == kFree) continue;
      if (entry.group.load(std::memory_order_relaxed) != group) continue;
      calls += entry.calls.load(std::memory_order_relaxed);
    }
    return calls;
  }

  // Any process, one load: true when there is nothing to collect. A fold is seen by whoever was
  // told of it by other means, such as a latch.
  bool Empty() const noexcept { return used_.load(std::memory_order_relaxed) == 0; }

 private:
  enum State : std::uint32_t { kFree, kReady, kHeldByOwner, kHeldByCollector };

  struct alignas(kCacheLineBytes) Entry {
    SharedU32 state{kFree};  // moved on by the owner and the collector
    SharedU32 group{0};      // like the rest, written by the owner while it holds the entry
    SharedU32 calls{0};      // the record's, for readers who do not hold it
    QueryRecord record;
  };
  static_assert(sizeof(Entry) == 256);

  FoldTable() noexcept = default;

  static bool CanTake(const Entry &entry, const QueryRecord &record, std::uint32_t group) noexcept {
    return entry.group.load(std::memory_order_relaxed) == group && SameKey(entry.record, record) &&
           std::uint64_t{entry.record.calls} + record.calls <= kMaxCalls &&
           std::uint64_t{entry.record.plans} + record.plans <= kMaxCalls;
  }

  static bool Hold(Entry &entry, std::uint32_t from, std::uint32_t to) noexcept {
    return entry.state.compare_exchange_strong(from, to, std::memory_order_acquire,
                                               std::memory_order_relaxed);
  }

  // The group is looked at again once the entry is held: before, it may have become another's.
  static bool HoldReady(Entry &entry, std::uint32_t group) noexcept {
    if (entry.state.load(std::memory_order_acquire) != kReady ||
        entry.group.load(std::memory_order_relaxed) != group ||
        !Hold(entry, kReady, kHeldByCollector)) {
      return false;
    }
    if (entry.group.load(std::memory_order_relaxed) == group) return true;
    entry.state.store(kReady, std::memory_order_release);
    return false;
  }

  static void LetOwnerGo(Entry &entry) noexcept {
    entry.calls.store(entry.record.calls, std::memory_order_relaxed);
    entry.state.store(kReady, std::memory_order_release);
  }

  void Free(Entry &entry) noexcept {
    entry.state.store(kFree, std::memory_order_release);
    used_.fetch_sub(1, std::memory_order_relaxed);
  }

  alignas(kCacheLineBytes) SharedU32 used_{0};  // entries not free; the owner adds, the collector
                                                // takes away
  Entry entries_[kEntries];
};

}  // namespace weir::core
