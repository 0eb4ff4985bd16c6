#include "core/group/group_table.hpp"

#include <algorithm>

#include "core/column/text_word.hpp"
#include "core/group/key_hash.hpp"

namespace weir::core {

// The key columns of a batch, one array per key word.
struct GroupTable::Keys {
  const std::uint64_t *word[kMaxKeyWords];
  const Column *column[kMaxKeys];
  bool has_nulls = false;
  bool has_outline = false;
  bool saves_outline = false;
};

namespace {

constexpr int kTagShift = 48;
constexpr std::uint64_t kPointerMask = (1ULL << kTagShift) - 1;
constexpr std::size_t kFirstSlots = 2048;
// Tables that come and go cost as much as their slots.
constexpr double kFewGroups = 100;
constexpr std::size_t kFewSlots = 256;
// Estimates of the number of groups are often far too high, and untouched memory is not free.
constexpr std::size_t kMostFirstSlots = 1 << 21;
// Beyond these sizes the caches no longer hold the slots or the rows.
constexpr std::uint64_t kPrefetchSlots = 32 * 1024;
constexpr std::size_t kPrefetchRowBytes = 512 * 1024;

inline std::uint64_t Slot(std::uint64_t hash, const std::byte *row) noexcept {
  return (hash >> kTagShift << kTagShift) | reinterpret_cast<std::uint64_t>(row);
}
inline std::byte *RowOf(std::uint64_t slot) noexcept {
  return reinterpret_cast<std::byte *>(slot & kPointerMask);
}
inline bool SameTag(std::uint64_t slot, std::uint64_t hash) noexcept {
  return (slot ^ hash) >> kTagShift == 0;
}

}  // namespace

GroupTable::GroupTable(std::pmr::memory_resource &memory, const RowLayout &layout,
                       const ValueKind *kinds, std::size_t limit, double expected)
    : memory_(memory),
      layout_(layout),
      limit_(limit),
      rows_(memory, layout.stride, limit),
      arena_(memory),
      template_row_(static_cast<std::size_t>(layout.stride), std::byte{0}, &memory) {
  const auto stride = static_cast<std::size_t>(layout.stride);
  InitRow(layout, kinds, template_row_.data());
  const double affordable = static_cast<double>(limit) / static_cast<double>(stride + 16);
  const double groups = std::min(expected, affordable);
  std::size_t slots = expected > 0 && expected < kFewGroups ? kFewSlots : kFirstSlots;
  while (static_cast<double>(slots) < groups * 2 && slots < kMostFirstSlots) slots *= 2;
  Resize(slots);
}

void GroupTable::Clear() noexcept {
  rows_.Clear();
  std::memset(slots_, 0, slot_bytes());
  is_full_ = false;
  refused_ = 0;
  arena_.Clear();
}

GroupTable::~GroupTable() {
  if (slots_ != nullptr) memory_.deallocate(slots_, slot_bytes(), 8);
}

std::uint64_t GroupTable::HashRow(const std::byte *row) const noexcept {
  std::uint64_t words[kMaxKeyWords] = {};
  std::memcpy(words, row + 8, 8 * static_cast<std::size_t>(layout_.key_words));
  const std::uint64_t hash = HashWords(words, layout_.key_words);
  const std::uint64_t nulls = Load<std::uint64_t>(row) & kKeyNullMask;
  return nulls == 0 ? hash : HashNulls(hash, nulls);
}

void GroupTable::Resize(std::size_t slots) {
  if (slots_ != nullptr) memory_.deallocate(slots_, slot_bytes(), 8);
  slots_ = nullptr;
  slots_ = static_cast<std::uint64_t *>(memory_.allocate(slots * 8, 8));
  std::memset(slots_, 0, slots * 8);
  mask_ = slots - 1;
  rows_.ForEach([&](std::byte *row) {
    const std::uint64_t hash = HashRow(row);
    std::uint64_t at = hash & mask_;
    while (slots_[at] != 0) at = (at + 1) & mask_;
    slots_[at] = Slot(hash, row);
  });
}

// Keeps the table at most half full; at the memory limit it may fill up to three quarters.
void GroupTable::PrepareFor(int count) {
  if (is_full_) return;
  const auto wanted = static_cast<std::size_t>(rows_.count() + count);
  while (wanted * 2 > mask_ + 1) {
    const std::size_t slots = (mask_ + 1) * 2;
    if (bytes() + slots * 8 > limit_ && mask_ + 1 > kFirstSlots) {
      if (wanted * 4 > (mask_ + 1) * 3) is_full_ = true;
      return;
    }
    Resize(slots);
  }
}

char *GroupTable::SaveBytes(const char *bytes, std::uint32_t length) {
  auto *saved = static_cast<char *>(arena_.allocate(length + 4, 8));
  Store(saved, length);
  std::memcpy(saved + 4, bytes, length);
  return saved;
}

void GroupTable::SaveOutlines(std::byte *row, const Keys &keys, int at, std::uint64_t nulls) {
  for (int key = 0; key < layout_.key_count; ++key) {
    const Column &column = *keys.column[key];
    if (layout_.key_outline[key] < 0 || (nulls >> key & 1) != 0) continue;
    if (!column.is_padded && !IsOutline(column.high[at])) continue;
    Store(row + layout_.key_outline[key], SaveBytes(column.outline[at], column.length[at]));
  }
}

std::byte *GroupTable::NewRow(const Keys &keys, int at, const std::uint64_t *words,
                              std::uint64_t nulls) {
  const std::size_t others = slot_bytes() + arena_.bytes();
  std::byte *row = is_full_ || others > limit_ ? nullptr : rows_.Add(others);
  if (row == nullptr) {
    is_full_ = true;
    ++refused_;
    return nullptr;
  }
  std::memcpy(row, template_row_.data(), static_cast<std::size_t>(layout_.stride));
  if (layout_.key_words > 0) {
    std::memcpy(row + 8, words, 8 * static_cast<std::size_t>(layout_.key_words));
  }
  Store(row, nulls);
  if (keys.saves_outline) [[unlikely]]
    SaveOutlines(row, keys, at, nulls);
  return row;
}

std::byte *GroupTable::AddOnlyRow() { return NewRow(Keys{}, 0, nullptr, 0); }

bool GroupTable::SameOutlines(const std::byte *row, const Keys &keys, int at) const noexcept {
  for (int key = 0; key < layout_.key_count; ++key) {
    const int offset = layout_.key_outline[key];
    if (offset < 0) continue;
    const std::uint64_t high = keys.column[key]->high[at];
    if (!IsOutline(high)) continue;
    const Outline outline = OutlineOf(row, offset);
    const char *bytes = keys.column[key]->outline[at];
    if (std::memcmp(outline.bytes, bytes, TextLength(high)) != 0) return false;
  }
  return true;
}

// The fast way: no NULL in any key of the batch, few key words.
template <int kWords>
__attribute__((noinline)) void GroupTable::FindFixed(const Keys &keys, int count,
                                                     std::byte **rows) {
  for (int i = 0; i < count; ++i) {
    std::uint64_t words[kWords];
    for (int k = 0; k < kWords; ++k) words[k] = keys.word[k][i];
    hash_[i] = HashWords(words, kWords);
  }
  const std::uint64_t mask = mask_;
  std::uint64_t *const slots = slots_;
  const bool far_slots = mask >= kPrefetchSlots;
  const bool far_rows = rows_.bytes() > kPrefetchRowBytes;
  for (int i = 0; i < count; ++i) {
    if (far_slots && i + 16 < count) __builtin_prefetch(&slots[hash_[i + 16] & mask]);
    if (far_rows && i + 8 < count) __builtin_prefetch(RowOf(slots[hash_[i + 8] & mask]));
    std::uint64_t words[kWords];
    for (int k = 0; k < kWords; ++k) words[k] = keys.word[k][i];
    const std::uint64_t hash = hash_[i];
    for (std::uint64_t at = hash & mask;; at = (at + 1) & mask) {
      const std::uint64_t slot = slots[at];
      if (slot == 0) [[unlikely]] {
        rows[i] = NewRow(keys, i, words, 0);
        if (rows[i] != nullptr) slots[at] = Slot(hash, rows[i]);
        break;
      }
      if (!SameTag(slot, hash)) continue;
      std::byte *row = RowOf(slot);
      std::uint64_t differs = Load<std::uint64_t>(row) & kKeyNullMask;
      for (int k = 0; k < kWords; ++k) differs |= Load<std::uint64_t>(row + 8 + 8 * k) ^ words[k];
      if (differs == 0) [[likely]] {
        if (keys.has_outline && !SameOutlines(row, keys, i)) [[unlikely]]
          continue;
        rows[i] = row;
        break;
      }
    }
  }
}

// Any number of words, NULLs allowed.
void GroupTable::FindAny(const Keys &keys, int count, std::byte **rows) {
  std::uint64_t words[kMaxKeyWords] = {};
  for (int i = 0; i < count; ++i) {
    std::uint64_t nulls = 0;
    for (int key = 0; key < layout_.key_count; ++key) {
      nulls |= static_cast<std::uint64_t>(keys.column[key]->null[i] != 0) << key;
    }
    for (int k = 0; k < layout_.key_words; ++k) words[k] = keys.word[k][i];
    std::uint64_t hash = HashWords(words, layout_.key_words);
    if (nulls != 0) hash = HashNulls(hash, nulls);
    hash_[i] = hash;
    for (std::uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
      const std::uint64_t slot = slots_[at];
      if (slot == 0) {
        rows[i] = NewRow(keys, i, words, nulls);
        if (rows[i] != nullptr) slots_[at] = Slot(hash, rows[i]);
        break;
      }
      if (!SameTag(slot, hash)) continue;
      std::byte *row = RowOf(slot);
      if ((Load<std::uint64_t>(row) & kKeyNullMask) != nulls) continue;
      if (std::memcmp(row + 8, words, 8 * static_cast<std::size_t>(layout_.key_words)) != 0)
        continue;
      if (keys.has_outline && !SameOutlines(row, keys, i)) continue;
      rows[i] = row;
      break;
    }
  }
}

int GroupTable::Find(const Column *columns, int count, std::byte **rows) {
  Keys keys;
  for (int key = 0; key < layout_.key_count; ++key) {
    const Column &column = columns[layout_.key_column[key]];
    keys.column[key] = &column;
    const int word = layout_.key_word[key];
    keys.word[word] = reinterpret_cast<const std::uint64_t *>(column.word);
    if (column.kind == ValueKind::kText) keys.word[word + 1] = column.high;
    keys.has_nulls |= column.has_nulls;
    keys.has_outline |= column.has_outline;
    keys.saves_outline |= column.has_outline || column.is_padded;
  }
  PrepareFor(count);
  refused_ = 0;
  if (keys.has_nulls || layout_.key_words > 4) {
    FindAny(keys, count, rows);
  } else {
    switch (layout_.key_words) {
      case 1:
        FindFixed<1>(keys, count, rows);
        break;
      case 2:
        FindFixed<2>(keys, count, rows);
        break;
      case 3:
        FindFixed<3>(keys, count, rows);
        break;
      default:
        FindFixed<4>(keys, count, rows);
        break;
    }
  }
  return refused_;
}

}  // namespace weir::core
