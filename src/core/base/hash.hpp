// Hashing of short byte strings and words, for tables in memory. The values differ between
// byte orders and must not be stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::core {

// Both halves of the 128-bit product, folded: every input bit reaches about half of the output.
constexpr std::uint64_t MultiplyFold(std::uint64_t a, std::uint64_t b) noexcept {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

namespace detail {

// The fractions of the golden ratio and of the square roots of 2 and 3, made odd.
inline constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
inline constexpr std::uint64_t kRoot2 = 0x6A09E667F3BCC909;
inline constexpr std::uint64_t kRoot3 = 0xBB67AE8584CAA73B;

template <typename Word>
std::uint64_t Load(const char *bytes) noexcept {
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// Folds the last 0 to 16 bytes into `hash`. The loads overlap, which is cheaper than loading just
// what is there; the length is in the hash already.
inline std::uint64_t HashTail(const char *at, std::size_t left, std::uint64_t hash) noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (left >= 8) {
    low = Load<std::uint64_t>(at);
    high = Load<std::uint64_t>(at + left - 8);
  } else if (left >= 4) {
    low = Load<std::uint32_t>(at);
    high = Load<std::uint32_t>(at + left - 4);
  } else if (left > 0) {
    low = Load<std::uint8_t>(at) << 8 | Load<std::uint8_t>(at + left / 2);
    high = Load<std::uint8_t>(at + left - 1);
  }
  return MultiplyFold(low ^ kRoot2, high ^ hash);
}

}  // namespace detail

constexpr std::uint64_t HashWord(std::uint64_t word) noexcept {
  return MultiplyFold(word ^ detail::kRoot2, detail::kGolden);
}

inline std::uint64_t HashBytes(std::string_view bytes) noexcept {
  using detail::Load;
  std::uint64_t hash = bytes.size() ^ detail::kGolden;
  const char *at = bytes.data();
  std::size_t left = bytes.size();
  for (; left > 16; at += 16, left -= 16) {
    hash =
        MultiplyFold(Load<std::uint64_t>(at) ^ detail::kRoot2, Load<std::uint64_t>(at + 8) ^ hash);
  }
  return MultiplyFold(detail::HashTail(at, left, hash) ^ detail::kRoot3, detail::kGolden);
}

}  // namespace weir::core
