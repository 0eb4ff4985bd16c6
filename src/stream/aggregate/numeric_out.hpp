// Numerics and transition states made from the core's sums.
#pragma once

#include "core/group/numeric_extreme.hpp"
#include "core/group/numeric_sum.hpp"
#include "core/group/row_layout.hpp"
#include "core/group/square_sum.hpp"
#include "pg/pg.hpp"

namespace weir::stream {

Datum NumericOf(__int128 value);

// What PostgreSQL's sum(numeric) gives for the values added.
Datum NumericOf(core::NumericSum sum);

// The extreme as it was written.
Datum NumericOf(const core::NumericExtreme &extreme);

Datum DivideByCount(Datum numeric, int64 count);

// The quotient as numeric_div gives it.
Datum AverageOf(__int128 sum, int64 count);

// Transition states as PostgreSQL's serialize functions write them.
Datum SerializeIntegerSum(int64 count, __int128 sum);
Datum SerializeSquares(int64 count, const core::Squares &squares);
Datum SerializeNumericSum(int64 count, core::NumericSum sum);
Datum SerializeMoments(int64 count, __int128 sum, core::SquareSum squares);
Datum SerializeMoments(int64 count, core::NumericSum sum, core::SquareSum squares);

// var_pop and its relatives over integers, by PostgreSQL's own final functions.
Datum FinishSquares(int64 count, const core::Squares &squares, PGFunction final_function,
                    bool *is_null);

// The same for bigints and numerics, from a serialized state.
Datum FinishMoments(Datum serialized, PGFunction final_function, bool *is_null);

}  // namespace weir::stream
