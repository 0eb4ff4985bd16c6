// Whether two answers are one.
#pragma once

#include <string>
#include <vector>

namespace weir::differential {

enum class Strictness {
  kExact,  // to the last bit
  kClose,  // floats were added in another order
  kCount,  // ... and may have cancelled out: only the number of rows tells
};

// Rows compare as multisets, or in order. `difference` tells the first few rows that differ.
bool SameRows(std::vector<std::string> expected, std::vector<std::string> actual, bool is_ordered,
              Strictness strictness, std::string *difference);

// Equal but for numbers within a relative 1e-9.
bool SameCells(const std::string &expected, const std::string &actual);

}  // namespace weir::differential
