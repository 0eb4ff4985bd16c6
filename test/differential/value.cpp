#include "value.hpp"

namespace weir::differential {
namespace {

// r(i, salt) is a function of the schema: a number from 0 to 2^30.
std::string Hash(Random &random) { return Cat("r(i,", random.Below(100000), ")"); }

// A whole number from 0 on: uniform, skewed, in order, or one and the same.
std::string DrawNumber(Random &random, int *distinct) {
  static const std::vector<int> kDistinct{1, 2, 3, 7, 20, 100, 1000, 100000};
  *distinct = random.Pick(kDistinct);
  const std::string uniform = Cat("(", Hash(random), "%", *distinct, ")");
  const int shape = random.Below(10);
  if (shape < 2) return Cat("(i/", random.Between(1, 50), ")");
  if (shape < 4) return Cat("(CASE WHEN ", Hash(random), "%10<7 THEN 1 ELSE ", uniform, " END)");
  return uniform;
}

// Now and then one of these instead.
std::string Sprinkle(Random &random, const std::string &value, const std::string &type,
                     std::initializer_list<const char *> special) {
  std::string list;
  int count = 0;
  for (const char *item : special) {
    list += Cat(count++ == 0 ? "" : ",", "'", item, "'");
  }
  return Cat("(CASE WHEN ", Hash(random), "%", random.Between(2, 30), "=0 THEN (ARRAY[", list,
             "]::", type, "[])[1+", Hash(random), "%", count, "] ELSE ", value, " END)");
}

std::string IntegerValue(Random &random, Kind kind, const std::string &number, bool is_tame) {
  const bool is_extreme = !is_tame && random.Chance(15);
  switch (kind) {
    case Kind::kInt2: {
      const std::string value = Cat("((", number, ")%30000-5)::int2");
      return is_extreme ? Sprinkle(random, value, "int2", {"-32768", "32767", "0", "-1"}) : value;
    }
    case Kind::kInt4: {
      const std::string value = Cat("(", number, "-5)::int4");
      return is_extreme ? Sprinkle(random, value, "int4", {"-2147483648", "2147483647", "0", "-1"})
                        : value;
    }
    default: {
      const std::string scale = random.Chance(50) ? "*1000003" : "";
      const std::string value = Cat("(", number, "::int8", scale, "-5)");
      return is_extreme ? Sprinkle(random, value, "int8",
                                   {"-9223372036854775808", "9223372036854775807", "0", "-1"})
                        : value;
    }
  }
}

std::string FloatValue(Random &random, const std::string &type, const std::string &number,
                       bool is_tame) {
  if (is_tame) return Cat("((", number, "%400-100)*0.25)::", type);
  const std::string value = Cat("((", number, "-3)*0.1)::", type);
  if (random.Chance(8)) {
    return type == "float8"
               ? Sprinkle(random, value, type, {"1e308", "-1e308", "1e-320", "NaN", "-Infinity"})
               : Sprinkle(random, value, type, {"3e38", "-3e38", "1e-40", "NaN", "-Infinity"});
  }
  if (random.Chance(15))
    return Sprinkle(random, value, type, {"NaN", "Infinity", "-Infinity", "-0"});
  if (random.Chance(30)) return Sprinkle(random, value, type, {"-0", "0", "1e15", "-1e-5"});
  return value;
}

std::string NumericValue(Random &random, const std::string &type, const std::string &number,
                         bool is_tame) {
  if (is_tame) return Cat("(", number, "*0.37)::", type);
  if (type != "numeric") return Cat("((", number, "-3)*0.377)::", type);
  const std::string value = Cat("round((", number, "-3)::numeric/7,(", Hash(random), "%6)::int4)");
  switch (random.Below(5)) {
    case 0:
      return value;
    case 1:
      return Sprinkle(random, value, type, {"1.0", "1.00", "1", "0.000", "-0.00", "100", "1e2"});
    case 2:
      return Sprinkle(random, value, type,
                      {"1e50", "-1e50", "1e-40", "12345678901234567890.123456789", "1e131000"});
    case 3:
      return Sprinkle(random, value, type, {"NaN", "Infinity", "-Infinity", "0"});
    default:
      return Cat("(", number, ")::numeric");
  }
}

// Lengths around the borders of short forms, words of two cases, and long values.
std::string TextValue(Random &random, const std::string &number, bool is_tame, bool *is_long) {
  switch (random.Below(is_tame ? 3 : 6)) {
    case 0:
      return Cat("('k'||", number, ")");
    case 1:
      return Cat("left('abcdefghijklmnopqrstuvwxyz',(", number, "%27)::int4)");
    case 2:
      return Cat("md5((", number, ")::text)");
    case 3:
      *is_long = random.Chance(50);
      return Cat("repeat(md5((", number, ")::text),1+(", Hash(random), "%90)::int4)");
    case 4:
      return Sprinkle(random, Cat("('K'||", number, "%5)"), "text",
                      {"", " ", "k1", "K1", "k1 ", "é", "É", "k%", "日本語"});
    default:
      return Cat("(CASE WHEN ", Hash(random), "%2=0 THEN 'Ab' ELSE 'aB' END||", number, "%9)");
  }
}

std::string StampValue(Random &random, const std::string &type, const std::string &number,
                       bool is_tame) {
  if (type == "date") {
    const std::string value = Cat("(date '2024-02-20'+(", number, "%5000)::int4)");
    if (is_tame || random.Chance(70)) return value;
    return Sprinkle(random, value, type, {"infinity", "-infinity", "4713-01-01 BC", "1999-12-31"});
  }
  const std::string step =
      random.Pick({"17 seconds", "1 hour", "1 day", "0.000001 seconds", "7 min"});
  const std::string value =
      Cat("(", type, " '2024-03-30 22:00:00'+", number, "*interval '", step, "')");
  if (is_tame || random.Chance(75)) return value;
  return Sprinkle(random, value, type,
                  {"infinity", "-infinity", "1999-12-31 23:59:59.999999", "4700-01-01 BC"});
}

std::string IntervalValue(Random &random, const std::string &number, bool is_tame) {
  const std::string value = Cat("(", number, "*interval '1 hour')");
  if (is_tame) return value;
  return Sprinkle(random, value, "interval", {"1 month", "30 days", "24 hours", "1 day", "-1 day"});
}

void DrawTextType(Random &random, Column *column) {
  const int collation = random.Below(20);
  const std::string base = random.Pick({"text", "text", "varchar(3000)", "label"});
  column->type = base;
  column->bytewise = collation < 17;
  if (collation >= 10 && collation < 17) column->type += " COLLATE \"C\"";
  if (collation == 17) column->type += " COLLATE \"en-x-icu\"";
  if (collation >= 18) column->type += " COLLATE nocase";
}

Kind DrawKind(Random &random) {
  static const std::vector<Kind> kKinds{
      Kind::kInt2,        Kind::kInt4,     Kind::kInt4,   Kind::kInt4,      Kind::kInt8,
      Kind::kInt8,        Kind::kFloat4,   Kind::kFloat8, Kind::kFloat8,    Kind::kFloat8,
      Kind::kNumeric,     Kind::kNumeric,  Kind::kText,   Kind::kText,      Kind::kText,
      Kind::kBpchar,      Kind::kDate,     Kind::kTime,   Kind::kTimestamp, Kind::kTimestamptz,
      Kind::kTimestamptz, Kind::kInterval, Kind::kBool,   Kind::kUuid,      Kind::kBytea,
      Kind::kEnum,        Kind::kOid,      Kind::kJsonb,  Kind::kArray,     Kind::kInet,
      Kind::kRange,       Kind::kPair};
  return random.Pick(kKinds);
}

// Decimals that make equal numbers look different, by row.
std::string Zeros(Random &random) { return random.Pick({"0", "00", "0::numeric(9,4)"}); }

void DrawValue(Random &random, Column *column, const std::string &number, bool is_tame) {
  std::string &type = column->type;
  std::string &value = column->value;
  switch (column->kind) {
    case Kind::kInt2:
      type = "int2";
      value = IntegerValue(random, column->kind, number, is_tame);
      break;
    case Kind::kInt4:
      type = random.Chance(10) ? "small" : "int4";
      value = IntegerValue(random, column->kind, number, is_tame);
      break;
    case Kind::kInt8:
      type = "int8";
      value = IntegerValue(random, column->kind, number, is_tame);
      break;
    case Kind::kFloat4:
      type = "float4";
      value = FloatValue(random, type, number, is_tame);
      break;
    case Kind::kFloat8:
      type = "float8";
      value = FloatValue(random, type, number, is_tame);
      break;
    case Kind::kNumeric:
      type = is_tame || random.Chance(40) ? random.Pick({"numeric(12,2)", "numeric(20,5)"})
                                          : "numeric";
      value = NumericValue(random, type, number, is_tame);
      break;
    case Kind::kText:
      DrawTextType(random, column);
      value = TextValue(random, number, is_tame, &column->is_external);
      break;
    case Kind::kBpchar:
      type = Cat("char(", random.Between(1, 30), ")");
      value = Cat("left('k'||", number, "||' xyz',", type.substr(5, type.size() - 6), ")::", type);
      break;
    case Kind::kDate:
      type = "date";
      value = StampValue(random, type, number, is_tame);
      break;
    case Kind::kTime:
      type = "time";
      value = Cat("(time '00:00'+", number, "*interval '7 min')");
      break;
    case Kind::kTimestamp:
      type = "timestamp";
      value = StampValue(random, type, number, is_tame);
      break;
    case Kind::kTimestamptz:
      type = "timestamptz";
      value = StampValue(random, type, number, is_tame);
      break;
    case Kind::kInterval:
      type = "interval";
      value = IntervalValue(random, number, is_tame);
      break;
    case Kind::kBool:
      type = "bool";
      value = Cat("(", number, "%2=0)");
      break;
    case Kind::kUuid:
      type = "uuid";
      value = Cat("md5((", number, ")::text)::uuid");
      break;
    case Kind::kBytea:
      type = "bytea";
      value = Cat("decode(left(md5((", number, ")::text),2*(", number, "%17)::int4),'hex')");
      break;
    case Kind::kJsonb:
      type = "jsonb";
      value = Cat("jsonb_build_object('a',",
                  is_tame ? number : Cat("(", number, "%50)*1.", Zeros(random)), ")");
      break;
    case Kind::kEnum:
      type = "mood";
      value = Cat("(ARRAY['lo','mid','hi']::mood[])[1+", number, "%3]");
      break;
    case Kind::kOid:
      type = random.Pick({"oid", "\"char\""});
      value = type == "oid" ? Cat("(", number, ")::oid")
                            : Cat("chr(65+(", number, "%50)::int4)::\"char\"");
      break;
    case Kind::kArray:
      type = "int4[]";
      value = Cat("ARRAY[", number, ",NULL,1]::int4[]");
      break;
    case Kind::kInet:
      type = random.Pick({"inet", "inet", "cidr"});
      value = Cat("('10.'||", number, "%200||'.", random.Below(9), ".0/",
                  type == "cidr" ? 24 : random.Between(8, 32), "')::", type);
      break;
    case Kind::kRange:
      type = "numrange";
      value = Cat("numrange((", number, "%30)*1.", is_tame ? "0" : Zeros(random), ",1000)");
      break;
    case Kind::kPair:
      type = "pair";
      value = Cat("ROW((", number, ")::int4,'p'||", number, "%3)::pair");
      break;
  }
}

}  // namespace

bool IsInteger(Kind kind) { return kind <= Kind::kInt8; }
bool IsFloat(Kind kind) { return kind == Kind::kFloat4 || kind == Kind::kFloat8; }
bool IsNumber(Kind kind) { return kind <= Kind::kNumeric; }
bool IsStamp(Kind kind) {
  return kind == Kind::kDate || kind == Kind::kTimestamp || kind == Kind::kTimestamptz;
}

Column DrawColumn(Random &random, const std::string &name, bool is_tame) {
  Column column{name, DrawKind(random), "", ""};
  int distinct = 0;
  const std::string number = DrawNumber(random, &distinct);
  DrawValue(random, &column, number, is_tame);
  static const std::vector<int> kNullShare{0, 0, 0, 5, 30, 100};
  const int nulls = random.Pick(kNullShare);
  if (nulls > 0 && (nulls < 100 || random.Chance(20))) {
    column.value =
        Cat("CASE WHEN ", Hash(random), "%100<", nulls, " THEN NULL ELSE ", column.value, " END");
  }
  return column;
}

std::string DrawConstant(Random &random, Kind kind) {
  switch (kind) {
    case Kind::kInt2:
      return Cat("'", random.Between(-6, 50), "'::int2");
    case Kind::kInt4:
      return Cat(random.Between(-6, 120));
    case Kind::kInt8:
      return random.Chance(50) ? Cat(random.Between(-6, 120))
                               : Cat(random.Between(0, 90) * 10000030LL);
    case Kind::kFloat4:
    case Kind::kFloat8: {
      const std::string type = kind == Kind::kFloat4 ? "'::float4" : "'::float8";
      if (random.Chance(10))
        return Cat("'", random.Pick({"NaN", "Infinity", "-Infinity", "-0"}), type);
      return Cat("'", random.Between(-30, 120) * 0.25, type);
    }
    case Kind::kNumeric:
      return Cat(random.Between(-3, 60), random.Pick({"", ".0", ".37", ".50"}));
    case Kind::kText:
      return Cat(
          "'",
          random.Pick({"k1", "k2", "K1", "abc", "abcdefgh", "abcdefghijklmnop", "", "Ab3", "m"}),
          "'");
    case Kind::kBpchar:
      return Cat("'", random.Pick({"k", "k1", "k1 ", "k2 xyz", ""}), "'");
    case Kind::kDate:
      return Cat("date '2024-03-0", random.Between(1, 9), "'");
    case Kind::kTime:
      return Cat("time '0", random.Below(10), ":07'");
    case Kind::kTimestamp:
      return Cat("timestamp '2024-0", random.Between(3, 5), "-1", random.Below(9), " 0",
                 random.Below(9), ":00'");
    case Kind::kTimestamptz:
      return Cat("timestamptz '2024-0", random.Between(3, 5), "-1", random.Below(9), " 0",
                 random.Below(9), ":00+00'");
    case Kind::kInterval:
      return Cat("interval '", random.Between(1, 40), random.Pick({" hours'", " days'"}));
    case Kind::kBool:
      return random.Pick({"true", "false"});
    case Kind::kUuid:
      return Cat("md5('", random.Below(9), "')::uuid");
    case Kind::kBytea:
      return Cat("decode(left(md5('", random.Below(9), "'),4),'hex')");
    case Kind::kJsonb:
      return Cat("'{\"a\": ", random.Below(5), "}'::jsonb");
    case Kind::kEnum:
      return Cat("'", random.Pick({"lo", "mid", "hi"}), "'::mood");
    case Kind::kOid:
      return Cat("'", random.Below(10), "'");
    case Kind::kArray:
      return "'{1,NULL,1}'::int4[]";
    case Kind::kInet:
      return Cat("'10.", random.Below(9), ".0.0/24'::inet");
    case Kind::kRange:
      return Cat("numrange(", random.Below(9), ", 1000)");
    case Kind::kPair:
      return Cat("'(", random.Below(9), ",p1)'::pair");
  }
  return "NULL";
}

}  // namespace weir::differential
