#include "windows.hpp"

namespace weir::differential {
namespace {

bool Contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

bool IsOrderable(Kind kind) {
  switch (kind) {
    case Kind::kInt2:
    case Kind::kInt4:
    case Kind::kInt8:
    case Kind::kFloat4:
    case Kind::kFloat8:
    case Kind::kDate:
    case Kind::kTime:
    case Kind::kTimestamp:
    case Kind::kTimestamptz:
    case Kind::kBool:
    case Kind::kOid:
      return true;
    default:
      return false;
  }
}

class Windows {
 public:
  Windows(Random &random, const Scope &scope, Query *query)
      : random_(random), scope_(scope), query_(query), expressions_(random, scope) {}

  void Draw() {
    query_->keys = {scope_.number};
    for (int i = random_.Below(4); i > 0; --i) {
      query_->keys.push_back(random_.Pick(scope_.columns).text);
    }
    DrawShape();
    static const std::vector<int> kCounts{1, 1, 2, 3, 4, 6};
    for (int i = random_.Pick(kCounts); i > 0; --i) query_->aggregates.push_back(Function());
    if (random_.Chance(12)) {
      query_->aggregates.insert(
          query_->aggregates.begin(),
          Cat(random_.Pick({"row_number()", "rank()", "count(*)"}), " OVER (", total_, ") AS rn"));
      query_->having.push_back(Cat("rn <= ", random_.Below(6)));
    }
  }

 private:
  // Partitions and orders that the query's windows share, mostly.
  void DrawShape() {
    std::vector<std::string> keys;
    static const std::vector<int> kKeyCounts{0, 1, 1, 1, 1, 2, 2, 3};
    for (int i = random_.Pick(kKeyCounts); i > 0; --i) keys.push_back(expressions_.Key().text);
    if (!keys.empty()) partition_ = Cat("PARTITION BY ", Join(keys, ", "), " ");
    std::vector<std::string> order;
    static const std::vector<int> kOrderCounts{0, 0, 1, 1, 1, 2};
    for (int i = random_.Pick(kOrderCounts); i > 0; --i) order.push_back(OrderColumn());
    ties_ = order.empty() ? partition_ : Cat(partition_, "ORDER BY ", Join(order, ", "));
    order.push_back(scope_.number + (random_.Chance(15) ? " DESC" : ""));
    total_ = Cat(partition_, "ORDER BY ", Join(order, ", "));
  }

  std::string OrderColumn() {
    Reference column = random_.Pick(scope_.columns);
    for (int i = 0; i < 8 && !IsOrderable(column.kind); ++i) column = random_.Pick(scope_.columns);
    return column.text + random_.Pick({"", "", "", " DESC"}) +
           random_.Pick({"", "", " NULLS FIRST", " NULLS LAST"});
  }

  Reference NumberOf(bool is_exact) {
    for (int i = 0; i < 20; ++i) {
      const Reference column = random_.Pick(scope_.columns);
      const bool is_integer = IsInteger(column.kind);
      const bool is_float = IsFloat(column.kind) && !is_exact;
      if (!is_integer && !is_float) continue;
      if (!random_.Chance(15)) return column;
      return {Cat("(", column.text, "::float8 * 0.5)"), is_exact ? Kind::kNumeric : Kind::kFloat8};
    }
    return {scope_.number, Kind::kInt4};
  }

  std::string Filter() {
    return random_.Chance(15) ? Cat(" FILTER (WHERE ", expressions_.Condition(1), ")") : "";
  }

  std::string Aggregate() {
    if (random_.Chance(15)) return "count(*)" + Filter();
    if (random_.Chance(20)) {
      const Reference column = random_.Pick(scope_.columns);
      const bool is_extreme = IsOrderable(column.kind) && column.kind != Kind::kBool;
      const std::string name = is_extreme ? random_.Pick({"min", "max", "count"}) : "count";
      return Cat(name, "(", column.text, ")", Filter());
    }
    const Reference number = NumberOf(false);
    std::string name = random_.Pick({"sum", "avg", "min", "max", "avg", "sum", "count"});
    if (random_.Chance(20) && number.kind != Kind::kInt8) {
      name = random_.Pick({"stddev", "stddev_pop", "variance", "var_pop"});
    }
    return Cat(name, "(", number.text, ")", Filter());
  }

  std::string Positional() {
    const Reference column = random_.Pick(scope_.columns);
    switch (random_.Below(6)) {
      case 0:
        return Cat("first_value(", column.text, ")");
      case 1:
        return Cat("last_value(", column.text, ")");
      case 2:
        return Cat("nth_value(", column.text, ", ", random_.Between(1, 4), ")");
      case 3:
        return Cat("lag(", column.text, ", ", random_.Between(0, 4), ", ", column.text, ")");
      default:
        return Cat(random_.Pick({"lag(", "lead(", "lag("}), column.text,
                   random_.Chance(50) ? "" : Cat(", ", random_.Between(-2, 5)), ")");
    }
  }

  std::string Bound(bool is_start) {
    static const std::vector<int> kSizes{0, 1, 2, 3, 5, 9, 30, 100, 1000};
    return Cat(random_.Pick(kSizes), is_start ? " PRECEDING" : " FOLLOWING");
  }

  std::string Frame() {
    static const std::vector<int> kSizes{1, 2, 3, 9, 50};
    switch (random_.Below(12)) {
      case 0:
        return " ROWS UNBOUNDED PRECEDING";
      case 1:
        return Cat(" ROWS BETWEEN UNBOUNDED PRECEDING AND ", Bound(false));
      case 2:
        return Cat(" ROWS BETWEEN ", Bound(true), " AND UNBOUNDED FOLLOWING");
      case 3:
        return Cat(" ROWS BETWEEN ", Bound(true), " AND ", Bound(false));
      case 4:
        return " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING";
      case 5: {
        const int size = random_.Pick(kSizes);
        return Cat(" ROWS BETWEEN ", size + random_.Below(9) - 2, " PRECEDING AND ", size,
                   " PRECEDING");
      }
      case 6: {
        const int size = random_.Pick(kSizes);
        return Cat(" ROWS BETWEEN ", size, " FOLLOWING AND ", size + random_.Below(9) - 2,
                   " FOLLOWING");
      }
      case 7:
        return "";
      default:
        return Cat(" ROWS BETWEEN ", Bound(true), " AND CURRENT ROW");
    }
  }

  // The rows of a frame among ties are anybody's choice: only what they do not change is asked for.
  std::string AmongTies() {
    if (random_.Chance(40))
      return Cat(random_.Pick({"rank()", "dense_rank()"}), " OVER (", ties_, ")");
    const Reference number = NumberOf(true);
    const std::string call =
        IsInteger(number.kind)
            ? Cat(random_.Pick({"sum(", "avg(", "count(", "max("}), number.text, ")")
            : "count(*)";
    return Cat(call, " OVER (", ties_, ")");
  }

  std::string Function() {
    if (random_.Chance(18)) return AmongTies();
    if (random_.Chance(20)) {
      return Cat(random_.Pick({"row_number()", "rank()", "dense_rank()"}), " OVER (", total_, ")");
    }
    if (random_.Chance(3)) return Cat("ntile(3) OVER (", total_, ")");
    const std::string call = random_.Chance(30) ? Positional() : Aggregate();
    return Cat(call, " OVER (", total_, Frame(), ")");
  }

  Random &random_;
  const Scope &scope_;
  Query *query_;
  Expressions expressions_;
  std::string partition_;
  std::string ties_;
  std::string total_;
};

}  // namespace

bool HasNumbers(const Query &query) {
  for (const char *part : {"UNION ALL", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"}) {
    if (Contains(query.from, part) || Contains(query.with, part)) return false;
  }
  return true;
}

void DrawWindows(Random &random, const Scope &scope, Query *query) {
  query->is_windowed = true;
  Windows(random, scope, query).Draw();
}

}  // namespace weir::differential
