// What the user asked for.
#pragma once

#include <cstdint>
#include <string>

namespace weir::sim {

struct RunOptions {
  std::string scenario = "medium";
  std::string mode = "burst";
  std::string mix = "mixed";
  double writes = 0.15;
  double scale = 1;
  int clients = 0;     // 0: as the mode wants it
  double rate = 0;     // 0: as the mode wants it
  int duration_s = 0;  // 0: as the mode wants it
  std::int64_t seed = 42;
  int pairs = 20;  // of runs that are compared
  std::string out = "build/sim";
  bool is_embedded = false;
  std::string bindir;
  bool reuse = false;
  bool is_quiet = false;
};

}  // namespace weir::sim
