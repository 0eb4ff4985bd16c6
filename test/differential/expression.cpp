#include "expression.hpp"

namespace weir::differential {
namespace {

std::string Comparison(Random &random) { return random.Pick({"=", "<>", "<", "<=", ">", ">="}); }

}  // namespace

bool Expressions::ColumnOf(bool (*accepts)(Kind), Reference *column) {
  for (int i = 0; i < 8; ++i) {
    *column = Column();
    if (accepts(column->kind)) return true;
  }
  return false;
}

std::string Expressions::IntegerAtom(const Reference &column) {
  const std::string &c = column.text;
  switch (random_.Below(13)) {
    case 8:
      return Cat(c, " IN (", random_.Below(9), ", NULL, ", random_.Below(20), ")");
    case 9:
      return Cat(c, " NOT IN (", random_.Below(9), random_.Pick({", NULL)", ")"}));
    case 10:
      return random_.Chance(25) ? Cat("picky(", scope_.number, ")")
                                : Cat(c, " > ", random_.Below(9));
    case 11:
      return random_.Pick({"1 = 0", "NULL::bool", "now() > '2020-01-01'", "pg_backend_pid() > 0"});
    case 0:
      return Cat(c, " % ", random_.Between(2, 7), " = ", random_.Below(3));
    case 1:
      return Cat(c, " BETWEEN ", random_.Between(-5, 10), " AND ", random_.Between(11, 2000));
    case 2:
      return Cat(c, " IN (", random_.Below(9), ", ", random_.Below(30), ", ", random_.Below(99),
                 ")");
    case 3:
      return Cat("abs(", c, ") < ", random_.Between(1, 200));
    case 4:
      return Cat(random_.Between(1, 500), " / ", c, " >= ", random_.Below(3));
    case 5:
      return Cat(c, " + ", random_.Between(1, 9), " ", Comparison(random_), " ",
                 random_.Between(0, 60));
    case 6:
      return Cat(c, " NOT IN (", random_.Below(9), ", ", random_.Below(30), ")");
    case 7:
      if (!scope_.outer.empty())
        return Cat(c, " ", Comparison(random_), " ", random_.Pick(scope_.outer));
      return OperandAtom(column);
    default:
      return Cat(c, " ", Comparison(random_), " ", random_.Between(-5, 100));
  }
}

std::string Expressions::TextAtom(const Reference &column) {
  const std::string &c = column.text;
  switch (random_.Below(7)) {
    case 0:
      return Cat(c, " COLLATE \"C\" LIKE '", random_.Pick({"k%", "%1%", "_b%", "abc%", ""}), "'");
    case 1:
      return Cat(c, " IN ('k1', 'k2', 'abcdefgh', 'K1')");
    case 2:
      return Cat("length(", c, ") > ", random_.Below(20));
    case 3:
      return Cat("upper(", c, ") = 'K1'");
    case 4:
      return Cat(c, " COLLATE \"C\" ~ '[0-9a]$'");
    case 5:
      return Cat(c, " COLLATE \"C\" > 'b'");
    default:
      return Cat(c, " ", random_.Pick({"=", "<>"}), " ", DrawConstant(random_, column.kind));
  }
}

// Operands of two types.
std::string Expressions::MixedAtom(const Reference &column) {
  const std::string &c = column.text;
  static const std::vector<Kind> kNumbers{Kind::kInt2,   Kind::kInt4,   Kind::kInt8,
                                          Kind::kFloat4, Kind::kFloat8, Kind::kNumeric};
  static const std::vector<Kind> kStamps{Kind::kDate, Kind::kTimestamp, Kind::kTimestamptz};
  const std::vector<Kind> &kinds = IsNumber(column.kind) ? kNumbers : kStamps;
  Reference other;
  if (random_.Chance(40) && ColumnOf(IsNumber(column.kind) ? IsNumber : IsStamp, &other)) {
    return Cat(c, " ", Comparison(random_), " ", other.text);
  }
  const std::string constant = DrawConstant(random_, random_.Pick(kinds));
  if (random_.Chance(25)) return Cat(constant, " ", Comparison(random_), " ", c);
  return Cat(c, " ", Comparison(random_), " ", constant);
}

std::string Expressions::AnyAtom(const Reference &column) {
  const std::string &c = column.text;
  const Reference other = Column();
  if (other.kind == column.kind && other.kind != Kind::kText && random_.Chance(60)) {
    return Cat(c, random_.Chance(30) ? " IS DISTINCT FROM " : " " + Comparison(random_) + " ",
               other.text);
  }
  switch (random_.Below(6)) {
    case 0:
      return Cat(c, " IS NULL");
    case 1:
      return Cat(c, " IS NOT NULL");
    case 2:
      return Cat(c, " IN (", DrawConstant(random_, column.kind), ", ",
                 DrawConstant(random_, column.kind), ")");
    case 3:
      return Cat(DrawConstant(random_, column.kind), " ", Comparison(random_), " ", c);
    default:
      return Cat(c, " ", Comparison(random_), " ", DrawConstant(random_, column.kind));
  }
}

std::string Expressions::Atom() {
  if (!scope_.conditions.empty() && random_.Chance(12)) return random_.Pick(scope_.conditions);
  const Reference column = Column();
  if (column.kind == Kind::kBool && random_.Chance(70)) {
    return Cat(random_.Pick({"", "NOT "}), column.text,
               random_.Pick({"", "", " IS TRUE", " IS NOT FALSE", " IS UNKNOWN"}));
  }
  if (IsInteger(column.kind) && random_.Chance(70)) return IntegerAtom(column);
  if (column.kind == Kind::kText && random_.Chance(80)) return TextAtom(column);
  if (IsFloat(column.kind) && random_.Chance(30)) {
    return Cat(column.text, " ", random_.Pick({"* 2 >", "- 1 <", "/ 4 <="}), " ",
               random_.Between(-5, 30));
  }
  if (IsStamp(column.kind) && random_.Chance(20)) {
    return Cat("isfinite(", column.text, ") AND extract(hour FROM ", column.text, "::timestamp) < ",
               random_.Below(24));
  }
  if ((IsNumber(column.kind) || IsStamp(column.kind)) && random_.Chance(30))
    return MixedAtom(column);
  return AnyAtom(column);
}

std::string Expressions::Condition(int depth) {
  if (depth < 2 && random_.Chance(30)) {
    const std::string left = Condition(depth + 1);
    const std::string right = Condition(depth + 1);
    switch (random_.Below(5)) {
      case 0:
        return Cat("NOT (", left, ")");
      case 1:
        return Cat("(", left, " AND ", right, ")");
      case 2:
        return Cat("CASE WHEN ", left, " THEN ", right, " ELSE NULL END");
      default:
        return Cat("(", left, " OR ", right, ")");
    }
  }
  return Cat("(", Atom(), ")");
}

Reference Expressions::StampKey(const Reference &column) {
  const std::string &c = column.text;
  const std::string width =
      random_.Pick({"1 minute", "10 min", "1 hour", "6 hours", "1 day", "7 days", "17 seconds"});
  switch (random_.Below(column.kind == Kind::kDate ? 3 : 7)) {
    case 0:
    case 1: {
      const Kind kind = column.kind == Kind::kDate ? Kind::kTimestamp : column.kind;
      const std::string function = random_.Chance(85) ? "weir.tumble(" : "weir.tumble_end(";
      const std::string size =
          random_.Chance(85) ? width : random_.Pick({"1 month", "1 year", "3 months"});
      const std::string origin =
          random_.Chance(25) ? Cat(", ", DrawConstant(random_, column.kind)) : "";
      return {Cat(function, c, ", interval '", size, "'", origin, ")"), kind};
    }
    case 2:
      return {Cat("date_trunc('", random_.Pick({"hour", "day", "week", "month"}), "', ", c, ")"),
              column.kind == Kind::kDate ? Kind::kTimestamptz : column.kind};
    case 3:
    case 4:
      return {Cat("date_bin('", width, "', ", c, ", ", DrawConstant(random_, column.kind), ")"),
              column.kind};
    case 5:
      return {Cat("extract(hour FROM ", c, ")"), Kind::kNumeric};
    default:
      return {Cat("(", c, ")::date"), Kind::kDate};
  }
}

Reference Expressions::Key() {
  Reference column = Column();
  if (!used_.empty() && random_.Chance(15)) column = random_.Pick(used_);
  const std::string &c = column.text;
  if (random_.Chance(3)) return {Cat("(", Condition(1), ")"), Kind::kBool};
  if (random_.Chance(2)) return {"'const'::text", Kind::kText};
  if (IsStamp(column.kind) && random_.Chance(70)) return StampKey(column);
  if (random_.Chance(60)) return column;
  if (IsInteger(column.kind)) {
    const Kind widened = column.kind == Kind::kInt2 ? Kind::kInt4 : column.kind;
    switch (random_.Below(7)) {
      case 0:
        return {Cat("(", c, " / ", random_.Between(1, 60), ")"), widened};
      case 1:
        return {Cat("(", c, " % ", random_.Between(2, 20), ")"), widened};
      case 2:
        return {Cat("weir.tumble(", c, "::bigint, ", random_.Between(1, 40), ")"), Kind::kInt8};
      case 3:
        return {Cat("(", c, " + ", random_.Below(3), ")"), widened};
      case 4:
        return {Cat("(", c, "::int8)"), Kind::kInt8};
      case 5:
        return {Cat("(", c, "::float8 * 0.5)"), Kind::kFloat8};
      default:
        return {Cat("(CASE WHEN ", Condition(2), " THEN ", c, " END)"), column.kind};
    }
  }
  if (IsFloat(column.kind)) return {Cat("floor(", c, ")"), Kind::kFloat8};
  if (column.kind == Kind::kNumeric)
    return {Cat(random_.Pick({"round(", "trunc("}), c, ")"), Kind::kNumeric};
  if (column.kind == Kind::kText && column.bytewise) {
    return {Cat(random_.Pick({"left(", "repeat("}), c, ", ", random_.Between(1, 4), ")"),
            Kind::kText, true};
  }
  // Equal values of a tame world look alike: which of them stands for a group is chance.
  if (column.kind == Kind::kBpchar && scope_.is_tame) return column;
  return {Cat("coalesce(", c, ", ", DrawConstant(random_, column.kind), ")"), column.kind, false};
}

// An expression over a number.
Reference Expressions::Combine(const Reference &column) {
  const std::string &c = column.text;
  const Kind widened = column.kind == Kind::kInt2     ? Kind::kInt4
                       : column.kind == Kind::kFloat4 ? Kind::kFloat8
                                                      : column.kind;
  Reference other;
  switch (random_.Below(8)) {
    case 0:
      return {Cat("(", c, " + ", random_.Between(1, 9), ")"), widened};
    case 1:
      if (ColumnOf(IsInteger, &other) && IsInteger(column.kind))
        return {Cat("(", c, "::int8 * ", other.text, ")"), Kind::kInt8};
      return {Cat("(", c, " * 3)"), widened};
    case 2:
      return {Cat("(", c, "::float8)"), Kind::kFloat8};
    case 3:
      return {Cat("coalesce(", c, ", 0)"), widened};
    case 4:
      return CastCase(column);
    case 5:
      return {Cat("abs(", c, ")"), column.kind};
    case 6:
      if (ColumnOf(IsFloat, &other) && IsFloat(column.kind)) {
        return {Cat("(", c, random_.Pick({" + ", " - ", " * "}), other.text, "::float8)"),
                Kind::kFloat8};
      }
      return {Cat("(", c, " - 1)"), widened};
    default:
      return {Cat("(", c, "::float8 * ", random_.Pick({"0.5", "-2", "0.25"}), ")"), Kind::kFloat8};
  }
}

Reference Expressions::DrawArgument() {
  Reference column = Column();
  if (random_.Chance(50)) ColumnOf(IsNumber, &column);
  if (!used_.empty() && random_.Chance(45)) column = random_.Pick(used_);
  if (random_.Chance(50) || !IsNumber(column.kind) || column.text.size() > 100) return column;
  return Combine(column);
}

Reference Expressions::Argument() {
  const Reference argument = DrawArgument();
  used_.push_back(argument);
  return argument;
}

std::string Expressions::NumberCall(const Reference &argument) {
  const std::string &c = argument.text;
  const int chosen = random_.Below(20);
  if (chosen < 5) return Cat("sum(", c, ")");
  if (chosen < 9) return Cat("avg(", c, ")");
  if (chosen < 13) return Cat(random_.Pick({"min(", "max("}), c, ")");
  if (chosen < 16) {
    return Cat(random_.Pick({"stddev(", "stddev_pop(", "stddev_samp(", "variance(", "var_pop(",
                             "var_samp("}),
               c, ")");
  }
  if (chosen < 18 && IsInteger(argument.kind))
    return Cat(random_.Pick({"bit_and(", "bit_or(", "bit_xor("}), c, ")");
  return Cat(random_.Pick({"count(", "sum("}), c, ")");
}

// Their results tell the order in which rows came.
std::string Expressions::OrderedCall(const Reference &argument) {
  const std::string &c = argument.text;
  switch (random_.Below(IsNumber(argument.kind) ? 7 : 5)) {
    case 0:
      return Cat("md5(string_agg(", c, "::text, ','))");
    case 1:
      return Cat("md5(array_agg(", c, ")::text)");
    case 2:
      return Cat("md5(jsonb_agg(", c, "::text)::text)");
    case 3:
      return Cat("first_of(", c, ")");
    case 4:
      return Cat("last_of(", c, ")");
    case 5:
      return Cat("regr_count(", c, "::float8, 1)");
    default:
      return Cat("array_length(array_agg(", c, "), 1)");
  }
}

std::string Expressions::DecliningCall(const Reference &argument) {
  const std::string &c = argument.text;
  const std::string order = scope_.number.empty() ? "" : " ORDER BY " + scope_.number;
  switch (random_.Below(6)) {
    case 0:
      return Cat("count(DISTINCT ", c, ")");
    case 1:
      return Cat("string_agg(", c, "::text, ','", order, ")");
    case 2:
      return Cat("array_agg(", c, order, ")");
    case 3:
      return IsNumber(argument.kind) ? Cat("min(", c, "::numeric)") : Cat("min(", c, "::text)");
    case 4:
      return IsInteger(argument.kind) ? Cat("percentile_cont(0.5) WITHIN GROUP (ORDER BY ", c, ")")
                                      : Cat("count(DISTINCT ", c, ")");
    default:
      return IsInteger(argument.kind) ? Cat("sum(DISTINCT ", c, ")") : Cat("min(", c, "::text)");
  }
}

std::string Expressions::Call(const Reference &argument) {
  if (!scope_.is_tame && random_.Chance(7)) return OrderedCall(argument);
  if (IsNumber(argument.kind)) return NumberCall(argument);
  const std::string &c = argument.text;
  switch (argument.kind) {
    case Kind::kBool:
      return Cat(random_.Pick({"bool_and(", "bool_or(", "every(", "count("}), c, ")");
    case Kind::kDate:
    case Kind::kTime:
    case Kind::kOid:
    case Kind::kTimestamp:
    case Kind::kTimestamptz:
      return Cat(random_.Pick({"min(", "max(", "count("}), c, ")");
    case Kind::kText:
    case Kind::kBpchar:
    case Kind::kEnum:
    case Kind::kArray:
    case Kind::kInet:
      return Cat(random_.Pick({"min(", "max(", "count("}), c, ")");
    case Kind::kInterval:
      return Cat(random_.Pick({"sum(", "avg(", "min(", "max(", "count("}), c, ")");
    case Kind::kRange:
      return Cat(random_.Pick({"range_agg(", "range_intersect_agg(", "count("}), c, ")");
    default:
      return Cat("count(", c, ")");
  }
}

std::string Expressions::Wrap(const std::string &call) {
  switch (random_.Below(9)) {
    case 5:
      return Cat(call, ", sum(count(*)) OVER ()");
    case 6:
      return Cat(call, ", generate_series(1, least(count(*), 2))");
    case 7:
    case 8:
      if (!scope_.scalars.empty()) return Cat(call, ", count(*) + ", random_.Pick(scope_.scalars));
      return call;
    case 0:
      return Cat("coalesce(", call, "::text, 'none')");
    case 1:
      return Cat(call, " IS NULL");
    case 2:
      return Cat("count(*) + 1, ", call);
    case 3:
      return Cat("CASE WHEN count(*) > 2 THEN ", call, " END");
    default:
      return Cat("sum(1)::numeric / nullif(count(*), 0), ", call);
  }
}

std::string Expressions::Aggregate(bool may_decline) {
  if (random_.Chance(15)) {
    return random_.Chance(70) ? "count(*)" : Cat("count(*) FILTER (WHERE ", Condition(1), ")");
  }
  const Reference argument = Argument();
  std::string call = may_decline && random_.Chance(30) ? DecliningCall(argument) : Call(argument);
  if (random_.Chance(18)) call += Cat(" FILTER (WHERE ", Condition(1), ")");
  return random_.Chance(15) ? Wrap(call) : call;
}

// Only over aggregates that come out the same in whatever order rows were added.
std::string Expressions::Having() {
  Reference column;
  const std::string filter = random_.Chance(20) ? Cat(" FILTER (WHERE ", Condition(2), ")") : "";
  if (!scope_.scalars.empty() && random_.Chance(30)) {
    return Cat("count(*) ", Comparison(random_), " ", random_.Pick(scope_.scalars));
  }
  if (random_.Chance(40) || !ColumnOf(IsInteger, &column)) {
    return Cat("count(*)", filter, " ", Comparison(random_), " ", random_.Between(0, 20));
  }
  return Cat(random_.Pick({"sum(", "min(", "max(", "avg(", "count("}), column.text, ")", filter,
             " ", Comparison(random_), " ", random_.Between(0, 300));
}

}  // namespace weir::differential
