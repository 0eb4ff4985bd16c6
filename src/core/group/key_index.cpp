#include "core/group/key_index.hpp"

namespace weir::core {

bool KeyIndex::Add(std::int64_t key, std::uint32_t number) noexcept {
  std::size_t at = Start(key);
  for (; places_[at].number != 0; at = (at + 1) & mask_) {
    if (places_[at].key == key) return false;
  }
  places_[at] = {key, number + 1};
  return true;
}

int KeyIndex::Narrow(const std::int64_t *key, const std::uint8_t *null, std::uint16_t *kept,
                     int count, std::uint32_t *match) const noexcept {
  constexpr std::size_t kFarPlaces = 32 * 1024;
  constexpr int kAhead = 12;
  const bool is_far = mask_ >= kFarPlaces;
  int left = 0;
  for (int i = 0; i < count; ++i) {
    if (is_far && i + kAhead < count) __builtin_prefetch(&places_[Start(key[kept[i + kAhead]])]);
    const std::uint16_t row = kept[i];
    std::size_t at = Start(key[row]);
    while (places_[at].number != 0 && places_[at].key != key[row]) at = (at + 1) & mask_;
    match[row] = places_[at].number - 1;
    kept[left] = row;
    left += static_cast<int>(places_[at].number != 0) & static_cast<int>(null[row] == 0);
  }
  return left;
}

}  // namespace weir::core
