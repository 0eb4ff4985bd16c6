#include "measure/pgbench_log.hpp"

#include <charconv>
#include <string>

namespace weir::sim {
namespace {

// Takes the next word off the line; empty at its end.
std::string_view NextWord(std::string_view &line) {
  const auto begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  const auto end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(word.size());
  return word;
}

template <typename Number>
bool ToNumber(std::string_view word, Number &number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size();
}

}  // namespace

std::optional<Transaction> ParseLogLine(std::string_view line) {
  Transaction transaction;
  if (!ToNumber(NextWord(line), transaction.client)) return std::nullopt;
  if (!ToNumber(NextWord(line), transaction.number)) return std::nullopt;
  const std::string_view latency = NextWord(line);
  transaction.is_failed = latency == "failed" || latency == "skipped" ||
                          latency == "serialization" || latency == "deadlock";
  if (!transaction.is_failed && !ToNumber(latency, transaction.latency_us)) return std::nullopt;
  if (!ToNumber(NextWord(line), transaction.script)) return std::nullopt;
  std::int64_t seconds = 0;
  std::int64_t microseconds = 0;
  if (!ToNumber(NextWord(line), seconds)) return std::nullopt;
  if (!ToNumber(NextWord(line), microseconds)) return std::nullopt;
  transaction.end_us = seconds * 1'000'000 + microseconds;
  const std::string_view lag = NextWord(line);
  if (!lag.empty() && !ToNumber(lag, transaction.lag_us)) return std::nullopt;
  return transaction;
}

std::optional<Progress> ParseProgressLine(std::string_view line) {
  constexpr std::string_view kStart = "progress:";
  if (line.substr(0, kStart.size()) != kStart) return std::nullopt;
  line.remove_prefix(kStart.size());
  Progress progress;
  if (!ToNumber(NextWord(line), progress.seconds)) return std::nullopt;
  if (NextWord(line) != "s,") return std::nullopt;
  if (!ToNumber(NextWord(line), progress.tps)) return std::nullopt;
  return progress;
}

std::optional<double> ParseSummary(std::string_view summary, std::string_view label) {
  const auto at = summary.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = summary.substr(at + label.size());
  rest = rest.substr(0, rest.find_first_of("/\n("));
  double number = 0;
  if (!ToNumber(NextWord(rest), number)) return std::nullopt;
  return number;
}

}  // namespace weir::sim
