// Horizons that a hold may move to, and what it waits for before it does.
#pragma once

#include <cstdint>

namespace weir::core {

// A candidate (horizon, writer): everything below `horizon` is consumed, as transaction `writer`
// has stored. The hold may move there when nobody's snapshot calls `writer` running any more.
class HoldCandidates {
 public:
  static constexpr int kCapacity = 64;

  // Candidates come in the order of time. When there is no room the newest gives way: the others
  // come true before it.
  void Add(std::uint64_t horizon, std::uint64_t writer) noexcept {
    if (count_ > 0 && items_[count_ - 1].horizon == horizon) return;
    if (count_ == kCapacity) --count_;
    items_[count_++] = {horizon, writer};
  }

  // The highest horizon that may be moved to when `oldest` is the oldest transaction that a
  // snapshot may call running; 0 when there is none. It stays for the next call.
  std::uint64_t Take(std::uint64_t oldest) noexcept {
    int ripe = -1;
    for (int i = 0; i < count_; ++i) {
      if (items_[i].writer < oldest) ripe = i;
    }
    if (ripe < 0) return 0;
    const std::uint64_t horizon = items_[ripe].horizon;
    for (int i = ripe; i < count_; ++i) items_[i - ripe] = items_[i];
    count_ -= ripe;
    return horizon;
  }

 private:
  struct Item {
    std::uint64_t horizon;
    std::uint64_t writer;
  };

  Item items_[kCapacity];
  int count_;
};

}  // namespace weir::core
