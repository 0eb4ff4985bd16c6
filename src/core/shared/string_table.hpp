// Numbers for short strings, in shared memory: tenants, application names, tables, columns.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "core/base/hash.hpp"
#include "core/record/query_record.hpp"
#include "core/shared/shared_layout.hpp"

namespace weir::core {

// Strings are never freed: ids stay good for ever. An entry is written before it is published by
// one exchange of an index word from 0 to {hash tag, id} (release; probers load with acquire), so
// nobody ever meets a half-written string and nobody waits. Two processes that bring the same new
// string at once agree on the id of the winner; the loser's number is spent.
//
// The index has at least twice as many words as there are ids, so a probe always ends at a 0.
class StringTable {
 public:
  static constexpr std::size_t kMaxLength = 63;

  // `capacity` is at least 1.
  static constexpr std::size_t BytesFor(std::uint32_t capacity) noexcept {
    return sizeof(StringTable) + IndexBytes(capacity) + std::size_t{capacity} * sizeof(Entry);
  }

  // Places an empty table in BytesFor(capacity) bytes at `memory`, 64-byte aligned.
  static StringTable *Create(void *memory, std::uint32_t capacity) noexcept {
    auto *table = new (memory) StringTable(capacity);
    for (std::uint64_t i = 0; i < IndexSize(capacity); ++i) new (table->Index() + i) SharedU64(0);
    for (std::uint32_t i = 0; i < capacity; ++i) new (table->Entries() + i) Entry();
    return table;
  }

  StringTable(const StringTable &) = delete;
  StringTable &operator=(const StringTable &) = delete;

  // Any process: the number of `text`, a new one if need be. 0 when it is empty or too long, or
  // new when the table is full.
  NameId Intern(std::string_view text) noexcept {
    if (text.empty() || text.size() > kMaxLength) return 0;
    const std::uint64_t hash = HashBytes(text);
    NameId mine = 0;
    for (std::uint64_t at = hash & index_mask_;; at = (at + 1) & index_mask_) {
      std::uint64_t word = Index()[at].load(std::memory_order_acquire);
      if (word == 0) {
        if (mine == 0) mine = AddEntry(text);
        if (mine == 0) return 0;
        if (Index()[at].compare_exchange_strong(word, IndexWord(hash, mine),
                                                std::memory_order_release,
                                                std::memory_order_acquire)) {
          return mine;
        }
      }
      const auto id = static_cast<NameId>(word);
      if (word == IndexWord(hash, id) && Get(id) == text) return id;
    }
  }

  // Any process: the string of an id, for ever the same; empty for 0 and for ids never given.
  std::string_view Get(NameId id) const noexcept {
    if (id == 0 || id > capacity_) return {};
    const Entry &entry = Entries()[id - 1];
    return {entry.text, entry.length.load(std::memory_order_acquire)};
  }

  // Any process: ids spent.
  std::uint32_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  std::uint32_t capacity() const noexcept { return capacity_; }

 private:
  // Written once, by the process that took the id; `length` (release) says that `text` is there.
  struct alignas(kCacheLineBytes) Entry {
    SharedU8 length{0};
    char text[kMaxLength];
  };
  static_assert(sizeof(Entry) == kCacheLineBytes);

  explicit StringTable(std::uint32_t capacity) noexcept
      : size_(0), capacity_(capacity), index_mask_(IndexSize(capacity) - 1) {}

  static constexpr std::uint64_t IndexSize(std::uint32_t capacity) noexcept {
    return std::bit_ceil(2 * std::uint64_t{capacity});
  }
  static constexpr std::size_t IndexBytes(std::uint32_t capacity) noexcept {
    return RoundUpToCacheLine(IndexSize(capacity) * sizeof(SharedU64));
  }

  // The low bits of the hash choose the place, the high ones tell most strangers apart.
  static constexpr std::uint64_t IndexWord(std::uint64_t hash, NameId id) noexcept {
    return (hash & ~std::uint64_t{UINT32_MAX}) | id;
  }

  // Takes an id and writes its entry, which nobody can find yet; 0 when there is none left.
  NameId AddEntry(std::string_view text) noexcept {
    std::uint32_t taken = size_.load(std::memory_order_relaxed);
    do {
      if (taken == capacity_) return 0;
    } while (!size_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed));
    Entry &entry = Entries()[taken];
    std::memcpy(entry.text, text.data(), text.size());
    entry.length.store(static_cast<std::uint8_t>(text.size()), std::memory_order_release);
    return taken + 1;
  }

  SharedU64 *Index() noexcept { return reinterpret_cast<SharedU64 *>(this + 1); }
  Entry *Entries() noexcept {
    return reinterpret_cast<Entry *>(reinterpret_cast<char *>(this + 1) + IndexBytes(capacity_));
  }
  const Entry *Entries() const noexcept { return const_cast<StringTable *>(this)->Entries(); }

  alignas(kCacheLineBytes) SharedU32 size_;          // written by whoever adds a string
  alignas(kCacheLineBytes) std::uint32_t capacity_;  // never changes; index and entries follow
  std::uint64_t index_mask_;                         // never changes
};

}  // namespace weir::core
