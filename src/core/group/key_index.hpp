// Finds rows by a word that no two of them share, such as the key of a small table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/hash.hpp"

namespace weir::core {

// One place of the index: a key and the number of its row plus one; zero is an empty place.
struct KeyPlace {
  std::int64_t key;
  std::uint32_t number;
};

// An open-addressed table in memory that the caller gives, zeroed, with a power of two of places.
class KeyIndex {
 public:
  KeyIndex() = default;
  KeyIndex(KeyPlace *places, std::size_t count) noexcept : places_(places), mask_(count - 1) {}

  // At most half full, so that searches stay short.
  static constexpr std::size_t PlacesFor(std::size_t keys) noexcept {
    std::size_t places = 16;
    while (places < keys * 2) places *= 2;
    return places;
  }

  // False when the key is there already.
  bool Add(std::int64_t key, std::uint32_t number) noexcept;

  // Narrows the `count` rows listed in `kept` to those whose key is known; `match` gets the numbers
  // by row. Rows whose `null` is set have no key. Returns how many are left.
  int Narrow(const std::int64_t *key, const std::uint8_t *null, std::uint16_t *kept, int count,
             std::uint32_t *match) const noexcept;

 private:
  std::size_t Start(std::int64_t key) const noexcept {
    return HashWord(static_cast<std::uint64_t>(key)) & mask_;
  }

  KeyPlace *places_ = nullptr;
  std::size_t mask_ = 0;
};

}  // namespace weir::core
