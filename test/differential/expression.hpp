// Random expressions over the columns a query can see.
#pragma once

#include <string>
#include <vector>

#include "random.hpp"
#include "value.hpp"

namespace weir::differential {

// A column or an expression that a query may use.
struct Reference {
  std::string text;
  Kind kind;
  bool bytewise = false;
};

struct Scope {
  std::vector<Reference> columns;
  std::vector<std::string> outer;       // int4 expressions from outside: parameters, outer columns
  std::vector<std::string> scalars;     // uncorrelated subqueries of type int8
  std::vector<std::string> conditions;  // subqueries that are conditions
  std::string number;                   // the order of rows, for aggregates that depend on it
  bool is_tame = false;                 // results may not depend on the order of rows
};

class Expressions {
 public:
  Expressions(Random &random, const Scope &scope) : random_(random), scope_(scope) {
    const int favourites = random.Between(1, 4);
    for (int i = 0; i < favourites; ++i) favourites_.push_back(random.Pick(scope.columns));
  }

  std::string Condition(int depth = 0);
  Reference Key();
  std::string Aggregate(bool may_decline);
  std::string Having();

 private:
  // Most expressions of a query meet in a few columns, so that they share parts.
  Reference Column() { return random_.Pick(random_.Chance(65) ? favourites_ : scope_.columns); }
  bool ColumnOf(bool (*accepts)(Kind), Reference *column);
  std::string Atom();
  std::string IntegerAtom(const Reference &column);
  std::string OperandAtom(const Reference &column);
  std::string TextAtom(const Reference &column);
  std::string MixedAtom(const Reference &column);
  std::string AnyAtom(const Reference &column);
  Reference StampKey(const Reference &column);
  Reference Argument();
  Reference DrawArgument();
  Reference Combine(const Reference &column);
  Reference CastCase(const Reference &column);
  std::string Call(const Reference &argument);
  std::string NumberCall(const Reference &argument);
  std::string OrderedCall(const Reference &argument);
  std::string DecliningCall(const Reference &argument);
  std::string Wrap(const std::string &call);

  Random &random_;
  const Scope &scope_;
  std::vector<Reference> favourites_;
  std::vector<Reference> used_;
};

}  // namespace weir::differential
