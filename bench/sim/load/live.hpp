// What the user sees while something runs: one line that changes, or plain lines where stdout is no
// terminal.
#pragma once

#include <cstdint>
#include <string>

namespace weir::sim {

class LiveLine {
 public:
  explicit LiveLine(bool is_quiet);

  void Show(const std::string &text);   // replaces the last one; seldom, where it cannot
  void Print(const std::string &text);  // stays

 private:
  bool is_terminal_;
  bool is_quiet_;
  bool is_open_ = false;
  double last_s_ = -1e9;
};

std::string Thousands(std::int64_t number);  // 12,345
std::string Clock(double seconds);           // 1:05
std::string Bar(double share, int width);    // a progress bar

}  // namespace weir::sim
