// Column types, and values of them as SQL expressions over a row's number.
#pragma once

#include <string>

#include "random.hpp"

namespace weir::differential {

enum class Kind {
  kInt2,
  kInt4,
  kInt8,
  kFloat4,
  kFloat8,
  kNumeric,
  kText,
  kBpchar,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kInterval,
  kBool,
  kUuid,
  kBytea,
  kJsonb,
  kEnum,
  kOid,
  kArray,
  kInet,
  kRange,
  kPair
};

bool IsInteger(Kind kind);
bool IsFloat(Kind kind);
bool IsNumber(Kind kind);
bool IsStamp(Kind kind);  // date, timestamp, timestamptz

// How a column's values are made. Everything is decided when it is drawn; the value of row i
// depends on i alone, so that a table can be cut down without changing the rows that remain.
struct Column {
  std::string name;
  Kind kind;
  std::string type;          // as in CREATE TABLE, with its collation
  std::string value;         // expression over i
  bool bytewise = false;     // text whose order is that of its bytes
  bool is_external = false;  // long values are stored out of line, uncompressed
};

// Tame columns give the same result in whatever order rows are aggregated: sums of floats are
// exact, and equal values look the same.
Column DrawColumn(Random &random, const std::string &name, bool is_tame);

// A constant of the kind, from the range that columns draw from.
std::string DrawConstant(Random &random, Kind kind);

}  // namespace weir::differential
