#include "world.hpp"

#include <algorithm>

namespace weir::differential {
namespace {

int DrawRowCount(Random &random) {
  const int size = random.Below(100);
  if (size < 5) return 0;
  if (size < 15) return random.Between(1, 3);
  if (size < 60) return random.Between(4, 300);
  if (size < 88) return random.Between(300, 2500);
  return size < 95 ? random.Between(2500, 6000) : random.Between(6000, 20000);
}

Storage DrawStorage(Random &random) {
  static const std::vector<Storage> kStorages{
      Storage::kPlain, Storage::kPlain,    Storage::kPlain,     Storage::kPlain,
      Storage::kPlain, Storage::kUnlogged, Storage::kTemporary, Storage::kRange,
      Storage::kList,  Storage::kHash,     Storage::kInherited};
  return random.Pick(kStorages);
}

bool IsPartitioned(const Table &table) {
  return table.storage == Storage::kRange || table.storage == Storage::kList ||
         table.storage == Storage::kHash;
}

Table DrawTable(Random &random, const std::string &name, bool is_tame) {
  Table table;
  table.name = name;
  const int width = random.Chance(20) ? random.Between(8, 12) : random.Between(2, 7);
  for (int i = 0; i < width; ++i) {
    table.columns.push_back(DrawColumn(random, Cat(table.Prefix(), i), is_tame));
  }
  table.storage = DrawStorage(random);
  table.last = DrawRowCount(random);
  table.middle = table.last / random.Between(1, 4);
  if (random.Chance(35)) {
    table.late_column = random.Below(width);
    const Column &late = table.columns[static_cast<std::size_t>(table.late_column)];
    table.late_default = late.kind == Kind::kBpchar ? "'k'"
                         : random.Chance(70)        ? DrawConstant(random, late.kind)
                                                    : "NULL";
  }
  if (random.Chance(30)) table.dropped_columns = random.Between(1, 2);
  if (random.Chance(30)) table.delete_every = random.Between(2, 9);
  if (random.Chance(25)) table.update_every = random.Between(2, 9);
  table.has_aborted_rows = random.Chance(15);
  table.is_vacuumed = random.Chance(50);
  if (table.is_vacuumed && random.Chance(40)) table.touch_every = random.Between(5, 400);
  table.is_analyzed = random.Chance(60);
  table.has_index = is_tame && random.Chance(40);
  if (random.Chance(60)) {
    table.policy = random.Chance(50) ? Cat(table.Number(), " % 5 <> 0")
                                     : Cat(table.columns[0].name, " IS NOT NULL");
  }
  return table;
}

// Columns in the order of the table, or backwards as a partition that is attached may have them.
std::string ColumnList(const Table &table, bool is_backwards) {
  std::vector<std::string> list{table.Number() + " int4 NOT NULL", table.Part() + " int4"};
  for (int i = 0; i < static_cast<int>(table.columns.size()); ++i) {
    const Column &column = table.columns[static_cast<std::size_t>(i)];
    if (i != table.late_column) list.push_back(column.name + " " + column.type);
  }
  for (int i = 0; i < table.dropped_columns; ++i) {
    list.insert(list.begin() + i + 1, Cat("gone", i, i == 0 ? " text" : " int2"));
  }
  if (is_backwards) std::reverse(list.begin(), list.end());
  return Cat("(", Join(list, ", "), ")");
}

void AddPartitions(const Table &table, std::vector<std::string> *script) {
  const std::string &name = table.name;
  const std::string attached = name + "_attached";
  const std::string part = Cat("CREATE TABLE ", name, "_first PARTITION OF ", name);
  const std::string attach = Cat("ALTER TABLE ", name, " ATTACH PARTITION ", attached);
  script->push_back(Cat("CREATE TABLE ", attached, " ", ColumnList(table, true)));
  if (table.storage == Storage::kRange) {
    script->push_back(Cat(part, " FOR VALUES FROM (MINVALUE) TO (100)"));
    script->push_back(Cat(attach, " FOR VALUES FROM (100) TO (1000)"));
  } else if (table.storage == Storage::kList) {
    script->push_back(Cat(part, " FOR VALUES IN (0, NULL)"));
    script->push_back(Cat(attach, " FOR VALUES IN (1, 2)"));
  } else {
    script->push_back(Cat(part, " FOR VALUES WITH (MODULUS 3, REMAINDER 0)"));
    script->push_back(Cat(attach, " FOR VALUES WITH (MODULUS 3, REMAINDER 1)"));
    script->push_back(Cat("CREATE TABLE ", name, "_rest PARTITION OF ", name,
                          " FOR VALUES WITH (MODULUS 3, REMAINDER 2)"));
    return;
  }
  script->push_back(Cat("CREATE TABLE ", name, "_rest PARTITION OF ", name, " DEFAULT"));
}

void AddCreate(const Table &table, std::vector<std::string> *script) {
  const char *kind = table.storage == Storage::kUnlogged    ? "UNLOGGED "
                     : table.storage == Storage::kTemporary ? "TEMP "
                                                            : "";
  std::string create = Cat("CREATE ", kind, "TABLE ", table.name, " ", ColumnList(table, false));
  if (table.storage == Storage::kRange) create += Cat(" PARTITION BY RANGE (", table.Number(), ")");
  if (table.storage == Storage::kList) create += Cat(" PARTITION BY LIST (", table.Part(), ")");
  if (table.storage == Storage::kHash) create += Cat(" PARTITION BY HASH (", table.Number(), ")");
  script->push_back(create);
  if (IsPartitioned(table)) AddPartitions(table, script);
  for (int i = 0; i < static_cast<int>(table.columns.size()); ++i) {
    const Column &column = table.columns[static_cast<std::size_t>(i)];
    if (!column.is_external || i == table.late_column) continue;
    script->push_back(
        Cat("ALTER TABLE ", table.name, " ALTER ", column.name, " SET STORAGE EXTERNAL"));
  }
}

std::string Insert(const Table &table, const std::string &into, const std::string &condition,
                   bool has_late) {
  std::vector<std::string> names{table.Number(), table.Part()};
  std::vector<std::string> values{"i::int4", "(r(i,1)%4)::int4"};
  for (int i = 0; i < static_cast<int>(table.columns.size()); ++i) {
    if (i == table.late_column && !has_late) continue;
    names.push_back(table.columns[static_cast<std::size_t>(i)].name);
    values.push_back(table.columns[static_cast<std::size_t>(i)].value);
  }
  for (int i = 0; i < table.dropped_columns; ++i) {
    names.push_back(Cat("gone", i));
    values.push_back(i == 0 ? "'gone' || i" : "(i%100)::int2");
  }
  std::string only;
  for (int number : table.only) only += Cat(only.empty() ? "" : ",", number);
  return Cat("INSERT INTO ", into, " (", Join(names, ", "), ")\n  SELECT ", Join(values, ",\n    "),
             "\n  FROM generate_series(", table.first, ",", table.last, ") AS g(i) WHERE ",
             condition, only.empty() ? "" : Cat(" AND i IN (", only, ")"));
}

void AddRows(const Table &table, std::vector<std::string> *script) {
  const bool is_inherited = table.storage == Storage::kInherited;
  const std::string half = is_inherited ? " AND i%3<>0" : "";
  const std::string early = Cat("i<=", table.middle, half);
  const std::string late = Cat("i>", table.middle, half);
  if (table.has_aborted_rows) {
    script->push_back("BEGIN");
    script->push_back(Insert(table, table.name, "i<=200", false));
    script->push_back("ROLLBACK");
  }
  script->push_back(Insert(table, table.name, early, false));
  if (table.late_column >= 0) {
    const Column &column = table.columns[static_cast<std::size_t>(table.late_column)];
    script->push_back(Cat("ALTER TABLE ", table.name, " ADD COLUMN ", column.name, " ", column.type,
                          " DEFAULT ", table.late_default));
  }
  script->push_back(Insert(table, table.name, late, true));
  if (is_inherited) {
    script->push_back(Cat("CREATE TABLE ", table.name, "_child (more text DEFAULT 'x') INHERITS (",
                          table.name, ")"));
    script->push_back(Insert(table, table.name + "_child", "i%3=0", true));
  }
}

void AddHistory(const Table &table, std::vector<std::string> *script) {
  for (int i = 0; i < table.dropped_columns; ++i) {
    script->push_back(Cat("ALTER TABLE ", table.name, " DROP COLUMN gone", i));
  }
  if (table.delete_every > 0) {
    script->push_back(
        Cat("DELETE FROM ", table.name, " WHERE ", table.Number(), "%", table.delete_every, "=1"));
  }
  if (table.update_every > 0) {
    script->push_back(Cat("UPDATE ", table.name, " SET ", table.Part(), "=", table.Part(),
                          " WHERE ", table.Number(), "%", table.update_every, "=0"));
  }
  if (table.has_index) {
    script->push_back(Cat("CREATE INDEX ON ", table.name, " (", table.Number(), ")"));
    script->push_back(Cat("CREATE INDEX ON ", table.name, " (", table.Part(), ")"));
  }
  if (table.is_vacuumed) script->push_back(Cat("VACUUM ", table.name));
  if (table.touch_every > 0) {
    script->push_back(
        Cat("DELETE FROM ", table.name, " WHERE ", table.Number(), "%", table.touch_every, "=2"));
  }
  if (table.is_analyzed) script->push_back(Cat("ANALYZE ", table.name));
}

void AddReaders(const Table &table, std::vector<std::string> *script) {
  const bool is_temporary = table.storage == Storage::kTemporary;
  const std::string create = Cat("CREATE ", is_temporary ? "TEMP " : "", "VIEW ");
  script->push_back(Cat(create, ViewOf(table), " AS SELECT * FROM ", table.name, " WHERE ",
                        table.Number(), "%3<>0"));
  script->push_back(Cat(create, BarrierOf(table), " WITH (security_barrier) AS SELECT * FROM ",
                        table.name, " WHERE ", table.Number(), "%4<>0"));
  if (!table.policy.empty()) {
    script->push_back(Cat("ALTER TABLE ", table.name, " ENABLE ROW LEVEL SECURITY"));
    script->push_back(Cat("CREATE POLICY seen ON ", table.name, " USING (", table.policy, ")"));
  }
  for (const std::string &name : {table.name, ViewOf(table), BarrierOf(table)}) {
    script->push_back(Cat("GRANT SELECT ON ", name, " TO weir_reader"));
  }
}

}  // namespace

std::string ViewOf(const Table &table) { return "v" + table.Prefix(); }
std::string BarrierOf(const Table &table) { return "b" + table.Prefix(); }

World DrawWorld(Random &random) {
  World world;
  world.is_tame = random.Chance(40);
  const int count = random.Between(2, 3);
  for (int i = 0; i < count; ++i) {
    world.tables.push_back(DrawTable(random, Cat("t", static_cast<char>('a' + i)), world.is_tame));
  }
  return world;
}

std::vector<std::string> Statements(const World &world) {
  std::vector<std::string> script{
      "SET client_min_messages = warning", "SET TimeZone = 'UTC'",
      "DO $$BEGIN CREATE ROLE weir_reader; EXCEPTION WHEN duplicate_object THEN END$$",
      "DROP SCHEMA IF EXISTS w CASCADE", "DISCARD TEMP", "CREATE SCHEMA w", "SET search_path = w",
      "GRANT USAGE ON SCHEMA w, weir TO weir_reader",
      "CREATE FUNCTION r(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE\n"
      "  AS 'SELECT pg_catalog.hashint8extended($1, $2) & 1073741823'",
      // Tells the values it sees by failing.
      "CREATE FUNCTION picky(int4) RETURNS bool LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE\n"
      "  AS 'BEGIN IF $1 % 20 = 0 THEN RAISE ''saw %'', $1; END IF; RETURN $1 % 3 > 0; END'",
      "CREATE TYPE mood AS ENUM ('lo', 'mid', 'hi')", "CREATE TYPE pair AS (a int4, b text)",
      "CREATE DOMAIN small AS int4", "CREATE DOMAIN label AS text",
      // States of any type: the first value that is not NULL, and the last value of all.
      "CREATE FUNCTION older(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE "
      "STRICT\n"
      "  PARALLEL SAFE AS 'SELECT $1'",
      "CREATE FUNCTION newer(anyelement, anyelement) RETURNS anyelement LANGUAGE plpgsql "
      "IMMUTABLE\n"
      "  PARALLEL SAFE AS 'BEGIN RETURN $2; END'",
      "CREATE AGGREGATE first_of(anyelement) (SFUNC = older, STYPE = anyelement, PARALLEL = SAFE)",
      "CREATE AGGREGATE last_of(anyelement) (SFUNC = newer, STYPE = anyelement, PARALLEL = SAFE)",
      "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = "
      "false)"};
  for (const Table &table : world.tables) {
    AddCreate(table, &script);
    AddRows(table, &script);
    AddHistory(table, &script);
    AddReaders(table, &script);
  }
  return script;
}

}  // namespace weir::differential
