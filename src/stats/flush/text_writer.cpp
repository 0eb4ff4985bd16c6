#include "stats/flush/text_writer.hpp"

#include <cstring>

#include "pg/pg.hpp"
#include "pg/spi.hpp"
#include "stats/capture/query_text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
}

namespace weir::stats {

namespace {

constexpr std::size_t kMostTexts = 256;  // in one transaction

void WriteText(std::string_view entry) {
  TextHeader header;
  std::memcpy(&header, entry.data(), sizeof(header));
  entry.remove_prefix(sizeof(header));
  Oid types[] = {INT8OID, OIDOID, TEXTOID};
  Datum values[] = {
      Int64GetDatum(static_cast<std::int64_t>(header.query_id)), ObjectIdGetDatum(header.user_id),
      PointerGetDatum(cstring_to_text_with_len(entry.data(), static_cast<int>(entry.size())))};
  pg::Execute(
      "INSERT INTO weir.query_texts (queryid, userid, query, first_seen)"
      " VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING",
      SPI_OK_INSERT, 3, types, values);
}

}  // namespace

std::uint64_t WriteTexts(const core::ByteRing &texts) {
  // Entries stay in place until the tail moves, so they can be read after Peek() has returned.
  std::string_view entries[kMostTexts];
  std::size_t count = 0;
  std::uint64_t next = texts.tail();
  texts.Peek(
      texts.tail(), kMostTexts, [&](std::string_view entry) { entries[count++] = entry; }, &next);
  for (std::size_t i = 0; i < count; i++) WriteText(entries[i]);
  return next;
}

}  // namespace weir::stats
