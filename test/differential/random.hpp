// Random numbers that a seed repeats, and text put together from parts.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

namespace weir::differential {

// SplitMix64: the same seed gives the same queries with every compiler and library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  int Below(int limit) { return static_cast<int>(Next() % static_cast<std::uint64_t>(limit)); }
  int Between(int low, int high) { return low + Below(high - low + 1); }
  bool Chance(int percent) { return Below(100) < percent; }

  template <class T>
  const T &Pick(const std::vector<T> &from) {
    return from[static_cast<std::size_t>(Below(static_cast<int>(from.size())))];
  }
  std::string Pick(std::initializer_list<const char *> from) {
    return from.begin()[Below(static_cast<int>(from.size()))];
  }

 private:
  std::uint64_t state_;
};

template <class... Parts>
std::string Cat(const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

inline std::string Join(const std::vector<std::string> &parts, const std::string &between) {
  std::string text;
  for (const std::string &part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

}  // namespace weir::differential
