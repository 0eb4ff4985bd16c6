// Operands whose own type matters, and those that not every row may need.
#include "expression.hpp"

namespace weir::differential {

// A condition on an integer.
std::string Expressions::OperandAtom(const Reference &column) {
  const std::string &c = column.text;
  const std::string constant = std::to_string(random_.Between(-5, 40));
  switch (random_.Below(7)) {
    case 0:
      if (column.kind == Kind::kInt4) return Cat(c, "::oid > ", random_.Below(30), "::oid");
      break;
    case 1:
      if (column.kind == Kind::kInt4) return Cat(c, "::oid IN (4294967295, ", constant, ", 3)");
      break;
    case 2:
      if (!scope_.scalars.empty()) return Cat(c, " <= ", random_.Pick(scope_.scalars));
      break;
    case 3:
      // Behind a condition that is never true.
      return Cat(c, " = 123456789 AND ", c, " < (SELECT 100 / (", constant, " * 0))");
    case 4:
      return Cat(c, " IS NULL OR ", c, " < 100 + (SELECT ", constant, ")");
    case 5:
      return Cat("NULLIF(", c, ", 1) > 0");
    default:
      break;
  }
  return Cat(c, " < 10 + length(current_setting('server_encoding'))");
}

// A number under a cast around CASE, or taken for an oid.
Reference Expressions::CastCase(const Reference &column) {
  const std::string &c = column.text;
  const bool is_float = column.kind == Kind::kFloat4;
  if (column.kind == Kind::kInt4 && random_.Chance(40)) {
    return {Cat("(", c, "::oid::int8)"), Kind::kInt8};
  }
  if (!is_float && column.kind != Kind::kInt2 && column.kind != Kind::kInt4) {
    return {Cat("(CASE WHEN ", Condition(2), " THEN ", c, " END)"), column.kind};
  }
  const std::string own = column.kind == Kind::kInt2 ? "int2" : is_float ? "float4" : "int4";
  const std::string constant = Cat(is_float ? "(-1.5)::" : "(-3)::", own);
  const std::string branches =
      random_.Chance(50) ? Cat(c, " ELSE ", constant) : Cat(constant, " ELSE ", c);
  return {
      Cat("(CASE WHEN ", Condition(2), " THEN ", branches, " END)::", is_float ? "float8" : "int8"),
      is_float ? Kind::kFloat8 : Kind::kInt8};
}

}  // namespace weir::differential
