// The tick that this process has open, for the scans of its statement.
#pragma once

#include "continuous/delta/delta.hpp"
#include "continuous/delta/row_range.hpp"
#include "continuous/frontier/frontier.hpp"

namespace weir::continuous {

// A file that the open tick has read to its end.
struct ScannedFile {
  Oid relation;
  Oid relfilenode;
  FullTransactionId next;  // when the scan began
  bool is_known;
  bool has_come;                   // with rows
  FullTransactionId settled_at;    // of a known file
  FullTransactionId rewritten_by;  // whatever file it was
};

// The open tick of a query, or null.
Tick *OpenTickOf(int32 query_id);

// In a helper of the process that has opened the tick: scans give its rows, and count them.
void AdoptTick(const Tick &tick);

// Which rows the open tick's scans give, while a failure is looked for.
struct TickLimit {
  bool is_set;
  List *tables;
  RowRange range;
};
TickLimit *LimitOfTick();

void NoteScanned(const ScannedFile &file);

}  // namespace weir::continuous
