// A query with everything around it: settings, cursor, parameters. It is kept in parts, so that
// parts can be taken away.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "random.hpp"
#include "world.hpp"

namespace weir::differential {

enum class Shape {
  kPlain,
  kPrepared,
  kCursor,
  kLateral,
  kScalar,
  kExists,
  kUnion,
  kOuter,
  kInto,
  kLoop,
  kOwn
};

struct Query {
  Shape shape = Shape::kPlain;
  std::string with;
  std::string from;
  std::vector<std::string> where;
  std::vector<std::string> keys;
  std::vector<std::string> aggregates;
  std::vector<std::string> having;
  std::string grouping;      // ROLLUP or CUBE; empty for ordinary groups
  bool is_windowed = false;  // aggregates are window functions, having a condition around them
  bool is_distinct = false;  // DISTINCT keys, or DISTINCT over groups
  bool is_ordered = false;
  int limit = -1;
  int offset = -1;
  std::vector<std::string> fetches;     // of a cursor
  std::string cursor;                   // SCROLL, WITH HOLD
  std::string change;                   // of a table, in the query's own transaction
  std::vector<std::string> executions;  // arguments of a prepared statement
  bool is_reader = false;               // runs as a role that row security applies to
  bool is_nested = false;               // aggregates groups, which come in no order
  bool is_frugal = false;               // little memory, and often many groups
  std::vector<std::pair<std::string, std::string>> settings;
};

// What is sent to the server, in this order. `close` runs whatever happened before.
struct Script {
  std::vector<std::string> open;
  std::vector<std::string> explains;  // one for each values of a prepared statement
  std::string explained;              // the query alone
  std::vector<std::string> run;
  std::vector<std::string> close;
};

Query DrawQuery(Random &random, const World &world, bool is_windowed);
Script Render(const Query &query);

// The settings as SET commands, without weir.stream.
std::vector<std::string> SettingCommands(const Query &query);

}  // namespace weir::differential
