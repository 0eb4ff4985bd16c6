// Remembers, for transaction ids, positions in the log that they cannot have written below.
#pragma once

#include <cstdint>

namespace weir::core {

// A pair (lsn, next) says: when the log ended at `lsn`, no transaction from `next` on had begun. So
// what such a transaction writes lies above `lsn`. The lsn has to be read first.
class LsnBounds {
 public:
  static constexpr int kCapacity = 128;

  // Pairs come in the order of time, so both members only grow.
  void Add(std::uint64_t lsn, std::uint64_t next) noexcept {
    if (count_ > 0 && next <= pairs_[count_ - 1].next) {
      // The same transactions have still not begun.
      if (next == pairs_[count_ - 1].next) pairs_[count_ - 1].lsn = lsn;
      return;
    }
    if (count_ == kCapacity) Thin();
    pairs_[count_++] = {lsn, next};
  }

  // The highest bound for transactions from `h` on; 0 when none is known.
  std::uint64_t Find(std::uint64_t h) const noexcept {
    for (int i = count_ - 1; i >= 0; --i) {
      if (pairs_[i].next <= h) return pairs_[i].lsn;
    }
    return 0;
  }

 private:
  struct Pair {
    std::uint64_t lsn;
    std::uint64_t next;
  };

  // Drops every other pair but the newest: the farther back, the sparser. A horizon that stands
  // still for longer finds its bound where it was stored, with the frontier.
  void Thin() noexcept {
    int kept = 0;
    for (int i = 1; i < count_; i += 2) pairs_[kept++] = pairs_[i];
    count_ = kept;
  }

  Pair pairs_[kCapacity];
  int count_;
};

}  // namespace weir::core
