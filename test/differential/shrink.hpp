// Makes a failing case small.
#pragma once

#include <string>

#include "check.hpp"

namespace weir::differential {

struct Case {
  World world;
  Query query;
};

// Tries at most `attempts` smaller cases, and keeps those that fail alike.
Case Shrink(Checker &checker, const Case &failing, const Verdict &verdict, int attempts);

// A script for psql that shows the difference.
std::string ScriptOf(const Case &shown, const Verdict &verdict);

// The same for failures that look like one.
std::string SignatureOf(const Case &shown, const Verdict &verdict);

}  // namespace weir::differential
