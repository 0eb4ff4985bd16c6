#include "query.hpp"

#include "expression.hpp"
#include "windows.hpp"

namespace weir::differential {
namespace {

Scope ScopeOf(const Table &table) {
  Scope scope;
  for (const Column &column : table.columns)
    scope.columns.push_back({column.name, column.kind, column.bytewise});
  scope.columns.push_back({table.Number(), Kind::kInt4});
  scope.columns.push_back({table.Part(), Kind::kInt4});
  scope.number = table.Number();
  return scope;
}

void Append(Scope *scope, const Table &table) {
  const Scope more = ScopeOf(table);
  scope->columns.insert(scope->columns.end(), more.columns.begin(), more.columns.end());
}

const Table &AnyTable(Random &random, const World &world) { return random.Pick(world.tables); }

// Conditions that hold a subquery over another table.
void AddSubqueries(Random &random, const World &world, Scope *scope) {
  const Table &other = AnyTable(random, world);
  const std::string number = other.Number() + " > " + Cat(random.Below(50));
  scope->scalars.push_back(
      Cat("(SELECT count(*) FROM ", other.name, " x WHERE x.", other.Part(), " = 1)"));
  const std::string x = Cat("(SELECT count(*) FROM ", other.name, " x WHERE x.", number, ")");
  scope->conditions.push_back(Cat(scope->number, " < ", x));
  scope->conditions.push_back(
      Cat(scope->number, " IN (SELECT x.", other.Part(), " * 3 FROM ", other.name, " x)"));
  if (random.Chance(25)) {
    scope->conditions.push_back(Cat("EXISTS (SELECT FROM ", other.name, " x WHERE x.",
                                    other.Number(), " = ", scope->number, " + 1)"));
  }
}

void DrawJoin(Random &random, const World &world, Query *query, Scope *scope) {
  const Table &left = world.tables[0];
  const Table &right = world.tables[1];
  *scope = ScopeOf(left);
  Append(scope, right);
  const std::string kind = random.Pick({"JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"});
  query->from =
      Cat(left.name, " ", kind, " ", right.name, " ON ", left.Number(), " = ", right.Number());
}

// A subquery, as it stands or under a name of its own.
void DrawNested(Random &random, const World &world, Query *query, Scope *scope) {
  const Table &table = AnyTable(random, world);
  *scope = ScopeOf(table);
  Expressions inner(random, *scope);
  const std::string condition = inner.Condition(1);
  std::string text;
  switch (random.Below(5)) {
    case 0:
      text = Cat("SELECT * FROM ", table.name, " WHERE ", condition, " OFFSET 0");
      break;
    case 1:
      text = Cat("SELECT * FROM ", table.name, " ORDER BY ", table.Number(), " LIMIT ",
                 random.Between(1, 400));
      break;
    case 2:
      text = Cat("SELECT * FROM ", table.name, " WHERE ", condition, " UNION ALL SELECT * FROM ",
                 table.name);
      break;
    case 3: {
      const Reference key = inner.Key();
      query->is_nested = true;
      text = Cat("SELECT ", key.text, " AS k, count(*) AS n, max(", table.Number(), ") AS m FROM ",
                 table.name, " GROUP BY 1");
      *scope = Scope{};
      scope->number = "m";
      scope->columns = {{"k", key.kind, key.bytewise}, {"n", Kind::kInt8}, {"m", Kind::kInt4}};
      break;
    }
    default:
      text = Cat("SELECT *, ", table.Number(), " * 2 AS twice FROM ", table.name, " WHERE ",
                 condition);
  }
  if (random.Chance(40)) {
    query->with =
        Cat("WITH s AS ", random.Pick({"", "MATERIALIZED ", "NOT MATERIALIZED "}), "(", text, ") ");
    query->from = "s";
  } else {
    query->from = Cat("(", text, ") s");
  }
}

void DrawFrom(Random &random, const World &world, Query *query, Scope *scope) {
  const int kind = random.Below(100);
  const Table &table = AnyTable(random, world);
  *scope = ScopeOf(table);
  if (kind < 58) {
    query->from = table.name;
    if (random.Chance(15)) AddSubqueries(random, world, scope);
  } else if (kind < 70) {
    DrawJoin(random, world, query, scope);
  } else if (kind < 86) {
    DrawNested(random, world, query, scope);
  } else if (kind < 93) {
    query->from = random.Chance(50) ? ViewOf(table) : BarrierOf(table);
  } else if (kind < 95) {
    query->from = Cat(table.name, " CROSS JOIN (VALUES (1), (2), (NULL)) AS v(v)");
    scope->columns.push_back({"v", Kind::kInt4});
  } else if (kind < 96 && table.storage != Storage::kInherited) {
    query->from = Cat(table.name, " TABLESAMPLE SYSTEM (60) REPEATABLE (1)");
  } else {
    query->from = Cat("generate_series(1, ", random.Between(0, 3000), ") AS g(n)");
    *scope =
        Scope{{{"n", Kind::kInt4}, {"(n % 7)", Kind::kInt4}, {"(n * 0.1::float8)", Kind::kFloat8}},
              {},
              {},
              {},
              "n"};
  }
}

void DrawLists(Random &random, const Scope &scope, Query *query) {
  Expressions expressions(random, scope);
  static const std::vector<int> kKeyCounts{0, 1, 1, 1, 1, 2, 2, 2, 3, 4};
  const int keys = random.Pick(kKeyCounts);
  query->is_distinct = keys > 0 && random.Chance(10);
  for (int i = 0; i < keys; ++i) query->keys.push_back(expressions.Key().text);
  // As many groups as rows.
  if (query->is_frugal && keys > 0 && random.Chance(70)) query->keys[0] = scope.number;
  static const std::vector<int> kConditionCounts{0, 0, 1, 1, 2, 3};
  const int conditions = random.Pick(kConditionCounts);
  for (int i = 0; i < conditions; ++i) query->where.push_back(expressions.Condition());
  if (query->is_distinct && random.Chance(60)) return;
  const bool may_decline = random.Chance(8);
  const int aggregates = random.Between(keys == 0 ? 1 : 0, random.Chance(15) ? 9 : 5);
  for (int i = 0; i < aggregates; ++i)
    query->aggregates.push_back(expressions.Aggregate(may_decline));
  // DISTINCT gives the rows of a set-returning function in no order.
  if (query->is_distinct) {
    std::erase_if(query->aggregates, [](const std::string &text) {
      return text.find("generate_series") != text.npos;
    });
  }
  if (random.Chance(15)) query->having.push_back(expressions.Having());
  if (keys >= 2 && random.Chance(3)) query->grouping = random.Pick({"ROLLUP", "CUBE"});
}

void DrawWindowLists(Random &random, const Scope &scope, Query *query) {
  Expressions expressions(random, scope);
  static const std::vector<int> kConditionCounts{0, 0, 0, 1, 1, 2};
  for (int i = random.Pick(kConditionCounts); i > 0; --i)
    query->where.push_back(expressions.Condition());
  DrawWindows(random, scope, query);
}

void DrawTail(Random &random, Query *query) {
  query->is_ordered = !query->keys.empty() && query->grouping.empty() && random.Chance(25);
  if (!query->is_ordered || random.Chance(40)) return;
  query->limit = random.Between(0, 30);
  if (random.Chance(40)) query->offset = random.Between(0, 10);
}

Shape DrawShape(Random &random) {
  const int chosen = random.Below(100);
  if (chosen < 60) return Shape::kPlain;
  if (chosen < 62) return Shape::kOwn;
  if (chosen < 72) return Shape::kPrepared;
  if (chosen < 81) return Shape::kCursor;
  if (chosen < 88) return Shape::kLateral;
  if (chosen < 91) return Shape::kScalar;
  if (chosen < 93) return Shape::kExists;
  if (chosen < 95) return Shape::kUnion;
  if (chosen < 97) return Shape::kOuter;
  if (chosen < 98) return Shape::kInto;
  return chosen < 99 ? Shape::kLoop : Shape::kOwn;
}

void DrawAround(Random &random, const World &world, Query *query) {
  if (query->shape == Shape::kPrepared) {
    for (int i = 0; i < 7; ++i) {
      query->executions.push_back(Cat(random.Chance(10) ? "NULL" : Cat(random.Between(-5, 100)),
                                      ", ", random.Between(0, 9)));
    }
  }
  const Table &table = random.Pick(world.tables);
  // Updated rows move to where there is room, which changes the order that wild floats are added in
  // and the pages that a sample takes.
  const bool stays = !world.is_tame || query->from.find("TABLESAMPLE") != std::string::npos;
  query->change = stays || random.Chance(50)
                      ? Cat("DELETE FROM ", table.name, " WHERE ", table.Number(), " % 3 = 0")
                      : Cat("UPDATE ", table.name, " SET ", table.Part(), " = 3 WHERE ",
                            table.Number(), " % 2 = 0");
  if (query->shape != Shape::kCursor) return;
  query->cursor = random.Pick({"SCROLL ", "SCROLL ", ""});
  const bool is_held = random.Chance(30);
  if (is_held || random.Chance(70)) query->change.clear();
  // Without an order, a part of the rows could be any part.
  const bool in_parts = query->is_ordered;
  query->fetches = {in_parts ? Cat("FETCH ", random.Between(1, 5), " FROM c") : "FETCH ALL FROM c"};
  if (!query->cursor.empty()) {
    query->fetches.push_back(in_parts ? "FETCH BACKWARD 2 FROM c" : "MOVE ABSOLUTE 0 FROM c");
    query->fetches.push_back("FETCH ALL FROM c");
    query->fetches.push_back("FETCH BACKWARD ALL FROM c");
  } else {
    query->fetches.push_back("FETCH ALL FROM c");
  }
  if (is_held) {
    query->cursor += "CURSOR WITH HOLD";
    query->fetches.insert(query->fetches.begin() + 1, "COMMIT");
  } else {
    query->cursor += "CURSOR";
  }
}

void DrawSettings(Random &random, bool is_tame, Query *query) {
  auto set = [&](const char *name, const std::string &value) {
    query->settings.emplace_back(name, value);
  };
  if (query->is_frugal) {
    set("work_mem", "'64kB'");
    set("hash_mem_multiplier", "1.0");
  }
  if (random.Chance(30))
    set("\"TimeZone\"", random.Pick({"'Europe/Berlin'", "'America/New_York'", "'Asia/Kathmandu'"}));
  if (random.Chance(10))
    set("plan_cache_mode", random.Pick({"force_generic_plan", "force_custom_plan"}));
  if (random.Chance(3))
    set("default_transaction_isolation", random.Pick({"'serializable'", "'repeatable read'"}));
  if (random.Chance(10)) set("force_parallel_mode", "on");
  if (random.Chance(10)) set("from_collapse_limit", "1");
  if (!is_tame) return;
  if (random.Chance(35)) {
    set("min_parallel_table_scan_size", "0");
    set("parallel_setup_cost", "0");
    set("parallel_tuple_cost", "0");
    set("max_parallel_workers_per_gather", Cat(random.Between(1, 2)));
    if (random.Chance(30)) set("parallel_leader_participation", "off");
  }
  if (random.Chance(40)) {
    set("enable_partitionwise_aggregate", "on");
    set("enable_partitionwise_join", "on");
  }
  if (random.Chance(10)) set("enable_hashjoin", "off");
  if (random.Chance(15)) set("enable_seqscan", "off");
}

// Rows have an order of their own; conditions on functions stand around them.
std::string SelectWindows(const Query &query, std::vector<std::string> list, bool is_whole) {
  const bool is_wrapped = !query.having.empty();
  std::string text = Cat(is_whole ? query.with : "", is_wrapped ? "SELECT * FROM (" : "", "SELECT ",
                         Join(list, ", "), " FROM ", query.from);
  if (!query.where.empty()) text += Cat(" WHERE ", Join(query.where, " AND "));
  if (is_wrapped) text += Cat(") q WHERE ", Join(query.having, " AND "));
  if (query.is_ordered) text += " ORDER BY 1";
  if (query.limit >= 0) text += Cat(" LIMIT ", query.limit);
  if (query.offset >= 0) text += Cat(" OFFSET ", query.offset);
  return text;
}

std::string Select(const Query &query, bool is_whole) {
  std::vector<std::string> list = query.keys;
  list.insert(list.end(), query.aggregates.begin(), query.aggregates.end());
  if (query.is_windowed) return SelectWindows(query, list, is_whole);
  std::string text =
      Cat(is_whole ? query.with : "", "SELECT ", query.is_distinct ? "DISTINCT " : "",
          Join(list, ", "), " FROM ", query.from);
  if (!query.where.empty()) text += Cat(" WHERE ", Join(query.where, " AND "));
  std::vector<std::string> positions;
  for (std::size_t i = 0; i < query.keys.size(); ++i) positions.push_back(Cat(i + 1));
  if (!query.keys.empty() && (!query.is_distinct || !query.aggregates.empty())) {
    text += query.grouping.empty()
                ? Cat(" GROUP BY ", Join(positions, ", "))
                : Cat(" GROUP BY ", query.grouping, "(", Join(query.keys, ", "), ")");
  }
  if (!query.having.empty()) text += Cat(" HAVING ", Join(query.having, " AND "));
  if (query.is_ordered) text += Cat(" ORDER BY ", Join(positions, ", "));
  if (query.limit >= 0) text += Cat(" LIMIT ", query.limit);
  if (query.offset >= 0) text += Cat(" OFFSET ", query.offset);
  return text;
}

std::string Text(const Query &query) {
  const std::string inner = Select(query, false);
  const std::string outer = "(VALUES (1), (40), (NULL), (3)) AS o(k)";
  switch (query.shape) {
    case Shape::kLateral:
      return Cat(query.with, "SELECT o.k, l.* FROM ", outer, " LEFT JOIN LATERAL (", inner,
                 ") l ON true");
    case Shape::kScalar:
      return Cat(query.with, "SELECT o.k, (SELECT row(z.*)::text FROM (", inner,
                 ") z ORDER BY 1 LIMIT 1) FROM ", outer);
    case Shape::kExists:
      return Cat(query.with, "SELECT o.k FROM ", outer, " WHERE EXISTS (", inner, ")");
    case Shape::kUnion:
      return Cat(query.with, "(", inner, ") UNION ALL (", inner, ")");
    case Shape::kOuter:
      return Cat(query.with, "SELECT z::text, count(*) FROM (", inner, ") z GROUP BY 1");
    default:
      return Select(query, true);
  }
}

}  // namespace

Query DrawQuery(Random &random, const World &world, bool is_windowed) {
  Query query;
  query.shape = DrawShape(random);
  query.is_frugal = random.Chance(20);
  Scope scope;
  DrawFrom(random, world, &query, &scope);
  while (is_windowed && !HasNumbers(query)) {
    query.from = query.with = "";
    DrawFrom(random, world, &query, &scope);
  }
  scope.is_tame = world.is_tame;
  if (query.shape == Shape::kPrepared) scope.outer = {"$1", "$2"};
  if (query.shape == Shape::kLateral || query.shape == Shape::kScalar ||
      query.shape == Shape::kExists)
    scope.outer = {"o.k"};
  is_windowed ? DrawWindowLists(random, scope, &query) : DrawLists(random, scope, &query);
  if (!scope.outer.empty() && random.Chance(70)) {
    const Reference column = scope.columns.back();
    query.where.push_back(Cat(column.text, random.Pick({" > ", " < ", " = "}), scope.outer[0]));
  }
  DrawTail(random, &query);
  DrawAround(random, world, &query);
  query.is_reader = random.Chance(15);
  DrawSettings(random, world.is_tame, &query);
  return query;
}

std::vector<std::string> SettingCommands(const Query &query) {
  std::vector<std::string> commands;
  for (const auto &[name, value] : query.settings)
    commands.push_back(Cat("SET ", name, " = ", value));
  if (query.is_reader) commands.push_back("SET ROLE weir_reader");
  return commands;
}

Script Render(const Query &query) {
  const std::string text = Text(query);
  Script script;
  script.explained = text;
  const std::string explain = "EXPLAIN (COSTS OFF) ";
  script.explains = {explain + text};
  if (query.shape == Shape::kPrepared) {
    script.open = {Cat("PREPARE q(int, int) AS ", text)};
    for (const std::string &arguments : query.executions)
      script.run.push_back(Cat("EXECUTE q(", arguments, ")"));
    script.explains.clear();
    for (const std::string &execution : script.run) script.explains.push_back(explain + execution);
    script.close = {"DEALLOCATE ALL"};
  } else if (query.shape == Shape::kCursor) {
    // A cursor's plan is made for its first rows, and may be another.
    const std::string declaration = Cat("DECLARE c ", query.cursor, " FOR ", text);
    script.explains = {explain + declaration};
    script.run = {"BEGIN", declaration};
    if (!query.change.empty()) script.run.push_back(query.change);
    script.run.insert(script.run.end(), query.fetches.begin(), query.fetches.end());
    script.close = {"ROLLBACK", "CLOSE ALL"};
  } else if (query.shape == Shape::kOwn) {
    script.run = {"BEGIN", query.change, text, "SAVEPOINT s", query.change, "ROLLBACK TO s", text};
    script.close = {"ROLLBACK"};
  } else if (query.shape == Shape::kInto) {
    script.run = {Cat("CREATE TEMP TABLE made AS SELECT z::text AS line FROM (", text, ") z"),
                  "SELECT * FROM made"};
    script.close = {"DROP TABLE IF EXISTS made"};
  } else if (query.shape == Shape::kLoop) {
    // A portal that fetches ten rows, then fifty at a time. Rows before an error count for nothing,
    // as in any statement.
    script.open = {
        Cat("CREATE FUNCTION pg_temp.loop() RETURNS SETOF text LANGUAGE plpgsql AS $f$\nDECLARE z "
            "record; lines text[];\nBEGIN\n"
            "  FOR i IN 1..2 LOOP FOR z IN ",
            text,
            " LOOP lines := lines || z::text; END LOOP; END LOOP;\n"
            "  RETURN QUERY SELECT unnest(lines);\n"
            "EXCEPTION WHEN OTHERS THEN RETURN NEXT SQLSTATE;\nEND$f$")};
    script.run = {"SELECT * FROM pg_temp.loop()"};
    script.close = {"DROP FUNCTION IF EXISTS pg_temp.loop()"};
  } else {
    script.run = {text};
  }
  return script;
}

}  // namespace weir::differential
