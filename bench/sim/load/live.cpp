#include "load/live.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace weir::sim {
namespace {

constexpr double kSecondsBetweenPlainLines = 5;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

LiveLine::LiveLine(bool is_quiet) : is_terminal_(isatty(STDOUT_FILENO) == 1), is_quiet_(is_quiet) {}

void LiveLine::Show(const std::string &text) {
  if (is_quiet_) return;
  if (is_terminal_) {
    fmt::print("\r\x1b[K{}", text);
    is_open_ = true;
  } else {
    if (Now() - last_s_ < kSecondsBetweenPlainLines) return;
    last_s_ = Now();
    fmt::print("{}\n", text);
  }
  std::fflush(stdout);
}

void LiveLine::Print(const std::string &text) {
  if (is_quiet_) return;
  if (is_open_) fmt::print("\r\x1b[K");
  is_open_ = false;
  last_s_ = -1e9;
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

std::string Thousands(std::int64_t number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string Clock(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string Bar(double share, int width) {
  const int full = static_cast<int>(std::clamp(share, 0.0, 1.0) * width);
  return "[" + std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(width - full), '.') + "]";
}

}  // namespace weir::sim
