// Values of one group, whole or partial.
#pragma once

#include "core/group/row_layout.hpp"
#include "pg/pg.hpp"
#include "stream/column/encoding.hpp"
#include "stream/node/aggregate_form.hpp"

namespace weir::stream {

// The states of one aggregate argument in one group.
struct GroupView {
  const std::byte *row;
  int64 count;  // rows whose argument is not NULL
  const core::StateOffsets *state;
  Encoding encoding;
};

Datum WordDatum(int64 word, Encoding encoding);

// Variance or deviation, as the operation says; NULL where there are too few values.
Datum SpreadOf(int64 count, const core::Squares &squares, Operation operation, bool *is_null);
Datum SpreadOf(const core::Moments &moments, Operation operation, bool *is_null);

// The serialized moments of bigints and numerics.
Datum MomentsState(const GroupView &group);

// The transition state that PostgreSQL's combine function expects from a parallel worker.
Datum PartialDatum(const GroupView &group, Operation operation, bool *is_null);

// Where the transition state is the result itself.
Datum SimplePartial(const GroupView &group, Operation operation, bool *is_null);

}  // namespace weir::stream
