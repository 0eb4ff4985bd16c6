#include "compare.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "random.hpp"

namespace weir::differential {
namespace {

constexpr double kTolerance = 1e-9;
constexpr std::size_t kShown = 4;

bool StartsNumber(const std::string &text, std::size_t at) {
  if (at > 0 &&
      (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 || text[at - 1] == '.'))
    return false;
  if (text[at] == '-') ++at;
  return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
}

bool AreClose(double a, double b) {
  return std::fabs(a - b) <= kTolerance * std::max(std::fabs(a), std::fabs(b)) + kTolerance;
}

// Numbers with fewer digits, so that close rows sort side by side.
std::string Rounded(const std::string &row) {
  std::string text;
  for (std::size_t i = 0; i < row.size();) {
    if (!StartsNumber(row, i)) {
      text += row[i++];
      continue;
    }
    char *end = nullptr;
    const double value = std::strtod(row.c_str() + i, &end);
    const std::size_t length = static_cast<std::size_t>(end - row.c_str()) - i;
    char rounded[64];
    std::snprintf(rounded, sizeof(rounded), "%.6g", value);
    text += length > 9 ? rounded : row.substr(i, length);
    i += length;
  }
  return text;
}

void SortRounded(std::vector<std::string> *rows) {
  std::vector<std::pair<std::string, std::string>> keyed;
  for (std::string &row : *rows) keyed.emplace_back(Rounded(row), std::move(row));
  std::sort(keyed.begin(), keyed.end());
  for (std::size_t i = 0; i < keyed.size(); ++i) (*rows)[i] = std::move(keyed[i].second);
}

// Takes rows away that are on both sides; what remains differs.
void CancelClose(std::vector<std::string> *expected, std::vector<std::string> *actual) {
  std::vector<std::string> left;
  for (std::string &row : *expected) {
    auto match = std::find_if(actual->begin(), actual->end(),
                              [&](const std::string &other) { return SameCells(row, other); });
    if (match == actual->end()) {
      left.push_back(std::move(row));
    } else {
      actual->erase(match);
    }
  }
  expected->swap(left);
}

void Describe(const std::vector<std::string> &rows, const char *sign, std::string *text) {
  for (std::size_t i = 0; i < rows.size() && i < kShown; ++i) {
    *text += Cat("  ", sign, " ", rows[i].substr(0, 300), "\n");
  }
  if (rows.size() > kShown) *text += Cat("  ", sign, " ... ", rows.size(), " rows\n");
}

bool SameMultiset(std::vector<std::string> *expected, std::vector<std::string> *actual) {
  std::sort(expected->begin(), expected->end());
  std::sort(actual->begin(), actual->end());
  if (*expected == *actual) return true;
  std::vector<std::string> left;
  std::vector<std::string> right;
  std::set_difference(expected->begin(), expected->end(), actual->begin(), actual->end(),
                      std::back_inserter(left));
  std::set_difference(actual->begin(), actual->end(), expected->begin(), expected->end(),
                      std::back_inserter(right));
  expected->swap(left);
  actual->swap(right);
  return false;
}

bool SameInOrder(std::vector<std::string> *expected, std::vector<std::string> *actual,
                 bool is_close) {
  if (expected->size() != actual->size()) return false;
  for (std::size_t i = 0; i < expected->size(); ++i) {
    const std::string &a = (*expected)[i];
    const std::string &b = (*actual)[i];
    if (a == b || (is_close && SameCells(a, b))) continue;
    *expected = {Cat("row ", i + 1, ": ", a)};
    *actual = {Cat("row ", i + 1, ": ", b)};
    return false;
  }
  return true;
}

}  // namespace

bool SameCells(const std::string &expected, const std::string &actual) {
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < expected.size() && k < actual.size()) {
    if (StartsNumber(expected, i) && StartsNumber(actual, k)) {
      char *end_left = nullptr;
      char *end_right = nullptr;
      const double left = std::strtod(expected.c_str() + i, &end_left);
      const double right = std::strtod(actual.c_str() + k, &end_right);
      if (!AreClose(left, right)) return false;
      i = static_cast<std::size_t>(end_left - expected.c_str());
      k = static_cast<std::size_t>(end_right - actual.c_str());
    } else if (expected[i++] != actual[k++]) {
      return false;
    }
  }
  return i == expected.size() && k == actual.size();
}

bool SameRows(std::vector<std::string> expected, std::vector<std::string> actual, bool is_ordered,
              Strictness strictness, std::string *difference) {
  bool is_same = false;
  if (strictness == Strictness::kCount) {
    is_same = expected.size() == actual.size();
  } else if (is_ordered) {
    is_same = SameInOrder(&expected, &actual, strictness == Strictness::kClose);
  } else {
    is_same = SameMultiset(&expected, &actual);
    if (!is_same && strictness == Strictness::kClose) {
      SortRounded(&expected);
      SortRounded(&actual);
      is_same = expected.size() == actual.size() &&
                std::equal(expected.begin(), expected.end(), actual.begin(), SameCells);
      if (!is_same) CancelClose(&expected, &actual);
      is_same = is_same || (expected.empty() && actual.empty());
    }
  }
  if (is_same) return true;
  *difference = "";
  Describe(expected, "off:", difference);
  Describe(actual, "on: ", difference);
  return false;
}

}  // namespace weir::differential
