// A fingerprint of operations: equal when the same clients did the same things in the same order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "measure/transaction.hpp"

namespace weir::sim {

// 64-bit FNV-1a over parts; a part's length counts, so that parts cannot run into one another.
class Fingerprint {
 public:
  void Add(std::string_view part) noexcept;
  void Add(std::int64_t number) noexcept;
  std::string Hex() const;

 private:
  void AddByte(unsigned char byte) noexcept;

  std::uint64_t hash_ = 0xcbf29ce484222325;
};

// Over what was executed: for each load and client, which script in which order. The transactions
// may come in any order.
std::string LedgerHash(const std::vector<std::string> &plan, std::vector<Transaction> executed);

}  // namespace weir::sim
