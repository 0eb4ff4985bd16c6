// The aggregate functions that the node computes itself.
#pragma once

#include "pg/pg.hpp"
#include "stream/column/encoding.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace weir::stream {

enum class Operation : uint8 {
  kCountRows,
  kCount,
  kSum,
  kAverage,
  kMin,
  kMax,
  kVariancePop,
  kVarianceSample,
  kDeviationPop,
  kDeviationSample,
  kBitAnd,
  kBitOr,
  kBitXor,
};

struct AggregateForm {
  Oid function;
  Operation operation;
  Encoding argument;
};

// The form of an aggregate call, or null; then *why says the reason, if the caller asks.
const AggregateForm *FormOf(const Aggref *aggref, const char **why);

// Whether the node can call an aggregate's own functions; else *why says the reason.
bool CanCall(const Aggref *aggref, const char **why);

// The form of a function, whatever is around its call; null if there is none.
const AggregateForm *FormOfFunction(Oid function);

// The states it needs. `careful`: averages keep what tells an overflow as PostgreSQL does;
// `partial`: states that can be handed to PostgreSQL's combine functions.
uint32 NeedsOf(const AggregateForm &form, bool careful, bool partial);

}  // namespace weir::stream
