// What ends a command early: one line for the user and an exit code.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace weir::sim {

enum class Exit {
  kOk = 0,
  kRegression = 1,
  kUsage = 2,
  kUnreachable = 3,
  kNoExtension = 4,
  kNoRights = 5,
  kServer = 6,  // the server refused: disk full, out of memory, anything else
  kLoad = 7,    // pgbench could not do its work
  kFile = 8,
  kInterrupted = 130,
};

class Failure : public std::runtime_error {
 public:
  template <typename... Args>
  Failure(Exit code, fmt::format_string<Args...> format, Args &&...args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)), code_(code) {}

  Exit code() const { return code_; }

 private:
  Exit code_;
};

}  // namespace weir::sim
