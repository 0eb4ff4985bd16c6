#include "stats/flush/kinds.hpp"

#include <cstring>
#include <string_view>

#include "core/record/rollup_figures.hpp"
#include "pg/compat.hpp"
#include "settings.hpp"
#include "stats/flush/stored_name.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "tcop/cmdtag.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
}

namespace weir::stats {

namespace {

// Everything that tells records of one kind from others, without padding: it is compared by bytes.
struct StatementKey {
  std::uint64_t query_id;
  std::uint32_t user_id;
  core::NameId tenant;
  core::NameId application;
  core::NameId table;
  core::NameId field;
  std::int32_t sqlstate;
  std::uint16_t command_tag;
  std::uint8_t toplevel;
  std::uint8_t is_other;
  std::uint32_t unused;
};
static_assert(sizeof(StatementKey) == 40);

struct LoggedKey {
  StatementKey common;
  core::LoggedNames names;
};
static_assert(sizeof(LoggedKey) == 192);

// The key comes first, as the server's hash tables want it.
template <typename Key>
struct Known {
  Key key;
  std::int64_t kind;
  std::int64_t day;  // when it was last counted
};

constexpr char kInsert[] =
    "INSERT INTO weir.rollup_kinds (tenant_id, table_name, field_name, query_type, queryid, userid,"
    " application_name, toplevel, sqlstate) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT (queryid, userid, tenant_id, application_name, table_name, field_name,"
    " query_type, toplevel, sqlstate) DO UPDATE SET userid = excluded.userid RETURNING kind_id";
constexpr int kInsertParameters = 9;
constexpr std::string_view kOther = "__other__";

MemoryContext known_context = nullptr;
HTAB *known_statements = nullptr;
HTAB *known_logged = nullptr;
SPIPlanPtr insert_plan = nullptr;
std::int64_t counted_day = INT64_MIN;
int counted_kinds = 0;  // met on that day, since the last ForgetKinds()

HTAB *NewTable(const char *name, std::size_t key_size, std::size_t entry_size) {
  HASHCTL control{};
  control.keysize = key_size;
  control.entrysize = entry_size;
  control.hcxt = known_context;
  return hash_create(name, 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void MakeTables() {
  if (known_context != nullptr) return;
  MemoryContext context =
      AllocSetContextCreate(TopMemoryContext, "weir kinds", ALLOCSET_DEFAULT_SIZES);
  known_context = context;
  known_statements =
      NewTable("weir kinds of statements", sizeof(StatementKey), sizeof(Known<StatementKey>));
  known_logged =
      NewTable("weir kinds of logged records", sizeof(LoggedKey), sizeof(Known<LoggedKey>));
}

// The parameters of one INSERT. An empty text is null.
class Names {
 public:
  void Text(std::string_view value) {
    if (value.empty()) return Null();
    text *stored = cstring_to_text_with_len(value.data(), static_cast<int>(value.size()));
    ReplaceInvalidBytes(VARDATA(stored), static_cast<int>(value.size()));
    Value(PointerGetDatum(stored));
  }
  void Value(Datum value) {
    values_[count_] = value;
    nulls_[count_++] = ' ';
  }
  void Null() { nulls_[count_++] = 'n'; }

  std::int64_t Insert() {
    if (SPI_execute_plan(insert_plan, values_, nulls_, false, 1) != SPI_OK_INSERT_RETURNING ||
        SPI_processed != 1) {
      ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
              errmsg_internal("a kind of statements got no number"));
    }
    bool is_null = false;
    const Datum kind = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
    const std::int64_t result = DatumGetInt64(kind);
    SPI_freetuptable(SPI_tuptable);
    return result;
  }

 private:
  Datum values_[kInsertParameters]{};
  char nulls_[kInsertParameters]{};
  int count_ = 0;
};

void PreparePlan() {
  if (insert_plan != nullptr) return;
  Oid types[kInsertParameters] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID,
                                  OIDOID,  TEXTOID, BOOLOID, TEXTOID};
  SPIPlanPtr plan = SPI_prepare(kInsert, kInsertParameters, types);
  if (plan == nullptr || SPI_keepplan(plan) != 0) {
    ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
            errmsg_internal("could not prepare the insertion of kinds of statements"));
  }
  insert_plan = plan;
}

std::string_view LoggedText(const char *text, std::size_t size) {
  return {text, strnlen(text, size)};
}

void AddObjects(Names &row, const DatabaseSlot &slot, const LoggedKey &key, bool is_logged) {
  const core::LoggedNames &logged = key.names;
  if (is_logged && key.common.is_other == 0) {
    row.Text(LoggedText(logged.table_name, sizeof(logged.table_name)));
    row.Text(LoggedText(logged.field_name, sizeof(logged.field_name)));
    row.Text(LoggedText(logged.query_type, sizeof(logged.query_type)));
    return;
  }
  const core::StringTable &names = NamesOf(slot);
  row.Text(names.Get(key.common.table));
  row.Text(names.Get(key.common.field));
  row.Text(is_logged ? kOther : GetCommandTagName(static_cast<CommandTag>(key.common.command_tag)));
}

void AddError(Names &row, const StatementKey &key) {
  if (key.sqlstate == 0) return row.Null();
  row.Text(key.is_other != 0 ? kOther : std::string_view(unpack_sql_state(key.sqlstate)));
}

std::int64_t InsertKind(const DatabaseSlot &slot, const LoggedKey &key, bool is_logged) {
  PreparePlan();
  Names row;
  row.Text(TenantsOf(slot).Get(key.common.tenant));
  AddObjects(row, slot, key, is_logged);
  if (key.common.query_id == 0) {
    row.Null();
  } else {
    row.Value(Int64GetDatum(static_cast<std::int64_t>(key.common.query_id)));
  }
  row.Value(ObjectIdGetDatum(key.common.user_id));
  row.Text(SessionNamesOf(slot).Get(key.common.application));
  if (is_logged) {
    row.Null();
  } else {
    row.Value(BoolGetDatum(key.common.toplevel != 0));
  }
  AddError(row, key.common);
  return row.Insert();
}

LoggedKey KeyOf(const core::QueryRecord &record) {
  LoggedKey key{};
  key.common.query_id = record.query_id;
  key.common.user_id = record.user_id;
  key.common.tenant = record.tenant;
  key.common.application = record.application;
  key.common.table = record.table;
  key.common.field = record.field;
  key.common.sqlstate = record.sqlstate;
  key.common.command_tag = record.command_tag;
  key.common.toplevel = record.toplevel ? 1 : 0;
  if (record.source == core::RecordSource::kLogged) key.names = record.logged;
  return key;
}

// What is kept of a kind when there are too many.
LoggedKey OtherKey(const LoggedKey &key) {
  LoggedKey other{};
  other.common.user_id = key.common.user_id;
  other.common.tenant = kOtherName;
  other.common.application = kOtherName;
  other.common.sqlstate = key.common.sqlstate != 0 ? 1 : 0;
  other.common.command_tag = key.common.command_tag;
  other.common.toplevel = key.common.toplevel;
  other.common.is_other = 1;
  return other;
}

std::int64_t Today() {
  return core::BucketStart(GetCurrentTransactionStartTimestamp(), USECS_PER_DAY);
}

// Counts a kind once a day; false when it is one too many.
bool CountToday(std::int64_t *day) {
  const std::int64_t today = Today();
  if (*day == today) return true;
  if (counted_day != today) {
    counted_day = today;
    counted_kinds = 0;
  }
  if (counted_kinds >= settings.max_rollup_kinds) return false;
  ++counted_kinds;
  *day = today;
  return true;
}

// The entry of a key, or null when there is none and there is room for none.
template <typename Key>
Known<Key> *FindKnown(HTAB *table, const DatabaseSlot &slot, const LoggedKey &key, bool is_logged) {
  auto *known = static_cast<Known<Key> *>(hash_search(table, &key, HASH_FIND, nullptr));
  std::int64_t day = known != nullptr ? known->day : INT64_MIN;
  if (key.common.is_other == 0 && !CountToday(&day)) return nullptr;
  if (known == nullptr) {
    const std::int64_t kind = InsertKind(slot, key, is_logged);
    known = static_cast<Known<Key> *>(hash_search(table, &key, HASH_ENTER, nullptr));
    known->kind = kind;
  }
  known->day = day;
  return known;
}

template <typename Key>
std::int64_t KnownKind(HTAB *table, const DatabaseSlot &slot, const LoggedKey &key,
                       bool is_logged) {
  const Known<Key> *known = FindKnown<Key>(table, slot, key, is_logged);
  if (known == nullptr) known = FindKnown<Key>(table, slot, OtherKey(key), is_logged);
  return known->kind;
}

}  // namespace

std::int64_t KindOf(const DatabaseSlot &slot, const core::QueryRecord &record) {
  MakeTables();
  const LoggedKey key = KeyOf(record);
  if (record.source == core::RecordSource::kLogged) {
    return KnownKind<LoggedKey>(known_logged, slot, key, true);
  }
  return KnownKind<StatementKey>(known_statements, slot, key, false);
}

void ForgetKinds() {
  // What is met again is counted again.
  counted_day = INT64_MIN;
  counted_kinds = 0;
  if (known_context == nullptr) return;
  MemoryContextDelete(known_context);
  known_context = nullptr;
}

}  // namespace weir::stats
