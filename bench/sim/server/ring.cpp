#include "server/ring.hpp"

#include "support/failure.hpp"

namespace weir::sim {

RingSample SampleRing(Connection &connection) {
  const std::vector<Row> rows = connection.Run(
      "SELECT capacity, captured, flushed, in_ring, records_in_ring, folded, folded_pending, "
      "dropped, "
      "flushes, flush_errors, coalesce(worker_pid, 0) FROM weir.ring_status()");
  if (rows.empty() || !rows[0][0]) {
    throw Failure(Exit::kNoExtension, "this database is not recorded: see weir.health()");
  }
  const auto number = [&](std::size_t column) {
    return static_cast<std::int64_t>(std::stoll(rows[0][column].value_or("0")));
  };
  RingSample sample;
  sample.capacity = number(0);
  sample.captured = number(1);
  sample.flushed = number(2);
  sample.in_ring = number(3);
  sample.records_in_ring = number(4);
  sample.folded = number(5);
  sample.folded_pending = number(6);
  sample.dropped = number(7);
  sample.flushes = number(8);
  sample.flush_errors = number(9);
  sample.worker_pid = static_cast<int>(number(10));
  return sample;
}

RingSample Difference(const RingSample &before, const RingSample &after) {
  RingSample change = after;
  change.captured -= before.captured;
  change.flushed -= before.flushed;
  change.folded -= before.folded;
  change.dropped -= before.dropped;
  change.flushes -= before.flushes;
  change.flush_errors -= before.flush_errors;
  return change;
}

}  // namespace weir::sim
