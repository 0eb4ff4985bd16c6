#include "measure/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace weir::sim {

void Fingerprint::AddByte(unsigned char byte) noexcept { hash_ = (hash_ ^ byte) * 0x100000001b3; }

void Fingerprint::Add(std::int64_t number) noexcept {
  auto rest = static_cast<std::uint64_t>(number);
  for (int i = 0; i < 8; ++i, rest >>= 8) AddByte(static_cast<unsigned char>(rest));
}

void Fingerprint::Add(std::string_view part) noexcept {
  Add(static_cast<std::int64_t>(part.size()));
  for (const char c : part) AddByte(static_cast<unsigned char>(c));
}

std::string Fingerprint::Hex() const { return fmt::format("{:016x}", hash_); }

std::string LedgerHash(const std::vector<std::string> &plan, std::vector<Transaction> executed) {
  const auto place = [](const Transaction &t) { return std::tuple(t.load, t.client, t.number); };
  std::sort(executed.begin(), executed.end(),
            [&](const Transaction &a, const Transaction &b) { return place(a) < place(b); });
  Fingerprint fingerprint;
  for (const std::string &part : plan) fingerprint.Add(part);
  for (const Transaction &transaction : executed) {
    fingerprint.Add(transaction.load);
    fingerprint.Add(transaction.client);
    fingerprint.Add(transaction.number);
    fingerprint.Add(transaction.script);
  }
  return fingerprint.Hex();
}

}  // namespace weir::sim
