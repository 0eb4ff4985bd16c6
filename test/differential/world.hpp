// A schema with data: what queries run over. Statements() writes it out as a script.
#pragma once

#include <string>
#include <vector>

#include "random.hpp"
#include "value.hpp"

namespace weir::differential {

enum class Storage { kPlain, kUnlogged, kTemporary, kRange, kList, kHash, kInherited };

struct Table {
  std::string name;
  std::vector<Column> columns;  // without the number and the part, which each table has
  Storage storage = Storage::kPlain;
  int first = 1;
  int last = 0;
  std::vector<int> only;     // when not empty: these rows and no others
  int late_column = -1;      // added by ALTER TABLE, with a default for the rows up to `middle`
  std::string late_default;  // a constant
  int middle = 0;
  int dropped_columns = 0;
  int delete_every = 0;
  int update_every = 0;
  bool has_aborted_rows = false;
  bool is_vacuumed = false;
  int touch_every = 0;  // rows deleted after VACUUM: some pages stay all-visible
  bool is_analyzed = false;
  bool has_index = false;
  std::string policy;  // row security for the reader

  std::string Prefix() const { return name.substr(1); }
  std::string Number() const { return Prefix() + "_id"; }
  std::string Part() const { return Prefix() + "_part"; }
};

struct World {
  bool is_tame = false;
  std::vector<Table> tables;
};

World DrawWorld(Random &random);
std::vector<std::string> Statements(const World &world);

// Tables named ta, tb, ... each have a view va, vb, ... and a security barrier ba, bb, ...
std::string ViewOf(const Table &table);
std::string BarrierOf(const Table &table);

}  // namespace weir::differential
