#include "stats/flush/record_writer.hpp"

#include "stats/flush/log_table.hpp"

extern "C" {
#include "utils/memutils.h"
}

namespace weir::stats {

void WriteRecords(const DatabaseSlot &slot, const core::QueryRecord *records, std::size_t count) {
  MemoryContext context =
      AllocSetContextCreate(CurrentMemoryContext, "weir log", ALLOCSET_DEFAULT_SIZES);
  MemoryContext previous = MemoryContextSwitchTo(context);
  LogTable log = OpenLog();
  for (std::size_t i = 0; i < count; i++) AppendToLog(&log, slot, records[i]);
  CloseLog(&log);
  MemoryContextSwitchTo(previous);
  MemoryContextDelete(context);
}

}  // namespace weir::stats
