#include "stats/flush/record_writer.hpp"

#include <cstring>

#include "pg/pg.hpp"
#include "stats/flush/row_encoder.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "commands/copy.h"
#include "nodes/makefuncs.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
}

namespace weir::stats {

namespace {

// What COPY has not read yet. Its callback takes no argument of ours.
const char *unread = nullptr;
std::size_t unread_bytes = 0;

int ReadEncoded(void *buffer, int, int most) {
  const std::size_t bytes = Min(unread_bytes, static_cast<std::size_t>(most));
  std::memcpy(buffer, unread, bytes);
  unread += bytes;
  unread_bytes -= bytes;
  return static_cast<int>(bytes);
}

}  // namespace

void WriteRecords(const DatabaseSlot &slot, const core::QueryRecord *records, std::size_t count) {
  StringInfoData encoded;
  initStringInfo(&encoded);
  EncodeRecords(&encoded, slot, records, count);
  unread = encoded.data;
  unread_bytes = static_cast<std::size_t>(encoded.len);

  RangeVar *name = makeRangeVar(const_cast<char *>("weir"), const_cast<char *>("query_stats"), -1);
  Relation relation = table_openrv(name, RowExclusiveLock);
  ParseState *state = make_parsestate(nullptr);
  addRangeTableEntryForRelation(state, relation, RowExclusiveLock, nullptr, false, false);
  List *options = list_make1(
      makeDefElem(const_cast<char *>("format"),
                  reinterpret_cast<Node *>(makeString(const_cast<char *>("binary"))), -1));
  CopyFromState copy = BeginCopyFrom(state, relation, nullptr, nullptr, false, ReadEncoded,
                                     EncodedColumns(), options);
  const uint64 written = CopyFrom(copy);
  EndCopyFrom(copy);
  table_close(relation, NoLock);
  pfree(encoded.data);
  if (written != count) {
    ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
            errmsg("weir.query_stats took " UINT64_FORMAT " of " UINT64_FORMAT " records", written,
                   static_cast<uint64>(count)),
            errhint("Remove triggers and rules from weir.query_stats."));
  }
}

}  // namespace weir::stats
