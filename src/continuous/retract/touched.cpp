#include "continuous/retract/touched.hpp"

#include "continuous/catalog/names.hpp"
#include "continuous/delta/delta.hpp"
#include "continuous/delta/tick_state.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/retract/sources.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"
}

namespace weir::continuous {

// Group keys compare as GROUP BY does: NULL is equal to NULL.
struct KeyColumn {
  TypeCacheEntry *type;
  Oid collation;
};

struct TouchedGroups {
  int32 query_id;
  bool is_everything;
  bool has_null;  // in a key of some group
  int64 count;
  int key_count;
  KeyColumn *columns;
  HTAB *buckets;  // of Bucket
  MemoryContext context;
};

namespace {

// More than that are looked up no faster than everything is computed anew.
constexpr int64 kMostGroups = 100'000;

struct GroupKey {
  Datum *values;
  bool *nulls;
};

struct Bucket {
  uint32 hash;
  List *keys;  // of GroupKey *
};

uint32 HashOf(const TouchedGroups *groups, const Datum *values, const bool *nulls) {
  uint32 hash = 0;
  for (int i = 0; i < groups->key_count; i++) {
    const KeyColumn &column = groups->columns[i];
    uint32 one = 0;
    if (!nulls[i]) {
      one = DatumGetUInt32(
          FunctionCall1Coll(&column.type->hash_proc_finfo, column.collation, values[i]));
    }
    hash = hash_combine(hash, one);
  }
  return hash;
}

bool IsSame(const TouchedGroups *groups, const GroupKey *key, const Datum *values,
            const bool *nulls) {
  for (int i = 0; i < groups->key_count; i++) {
    if (key->nulls[i] != nulls[i]) return false;
    if (nulls[i]) continue;
    const KeyColumn &column = groups->columns[i];
    if (!DatumGetBool(FunctionCall2Coll(&column.type->eq_opr_finfo, column.collation,
                                        key->values[i], values[i]))) {
      return false;
    }
  }
  return true;
}

bool Contains(const TouchedGroups *groups, const Datum *values, const bool *nulls) {
  const uint32 hash = HashOf(groups, values, nulls);
  const auto *bucket =
      static_cast<const Bucket *>(hash_search(groups->buckets, &hash, HASH_FIND, nullptr));
  if (bucket == nullptr) return false;
  ListCell *cell;
  foreach (cell, bucket->keys) {
    if (IsSame(groups, static_cast<GroupKey *>(lfirst(cell)), values, nulls)) return true;
  }
  return false;
}

void Add(TouchedGroups *groups, const Datum *values, const bool *nulls) {
  if (Contains(groups, values, nulls)) return;
  MemoryContext old = MemoryContextSwitchTo(groups->context);
  auto *key = static_cast<GroupKey *>(palloc(sizeof(GroupKey)));
  key->values = static_cast<Datum *>(palloc(sizeof(Datum) * groups->key_count));
  key->nulls = static_cast<bool *>(palloc(sizeof(bool) * groups->key_count));
  for (int i = 0; i < groups->key_count; i++) {
    const TypeCacheEntry *type = groups->columns[i].type;
    key->nulls[i] = nulls[i];
    key->values[i] = nulls[i] ? Datum{0} : datumCopy(values[i], type->typbyval, type->typlen);
    groups->has_null |= nulls[i];
  }
  const uint32 hash = HashOf(groups, values, nulls);
  bool found;
  auto *bucket = static_cast<Bucket *>(hash_search(groups->buckets, &hash, HASH_ENTER, &found));
  if (!found) bucket->keys = NIL;
  bucket->keys = lappend(bucket->keys, key);
  groups->count++;
  MemoryContextSwitchTo(old);
}

// The last column says that everything is touched.
void PrepareColumns(TouchedGroups *groups, TupleDesc descriptor) {
  MemoryContext old = MemoryContextSwitchTo(groups->context);
  groups->key_count = descriptor->natts - 1;
  groups->columns = static_cast<KeyColumn *>(palloc(sizeof(KeyColumn) * (groups->key_count + 1)));
  for (int i = 0; i < groups->key_count; i++) {
    const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, i);
    groups->columns[i] = {lookup_type_cache(getBaseType(attribute->atttypid),
                                            TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC_FINFO),
                          attribute->attcollation};
    const TypeCacheEntry *type = groups->columns[i].type;
    if (OidIsValid(type->eq_opr) && OidIsValid(type->hash_proc)) continue;
    ereport(
        ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
        errmsg("table weir_state.%s is not as it was made", StateName(groups->query_id, "_gone")),
        errhint("Drop the continuous query and create it again."));
  }
  HASHCTL control{};
  control.keysize = sizeof(uint32);
  control.entrysize = sizeof(Bucket);
  control.hcxt = groups->context;
  groups->buckets =
      hash_create("weir touched groups", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
  MemoryContextSwitchTo(old);
}

void ReadLog(TouchedGroups *groups, Relation log, Snapshot snapshot) {
  RequireLogForm(log, nullptr);
  PrepareColumns(groups, RelationGetDescr(log));
  TableScanDesc scan = table_beginscan(log, snapshot, 0, nullptr);
  TupleTableSlot *slot = table_slot_create(log, nullptr);
  while (!groups->is_everything && table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
    CHECK_FOR_INTERRUPTS();
    slot_getallattrs(slot);
    if (groups->key_count == 0 || DatumGetBool(slot->tts_values[groups->key_count])) {
      groups->is_everything = true;
    } else {
      Add(groups, slot->tts_values, slot->tts_isnull);
    }
    groups->is_everything |= groups->count > kMostGroups;
  }
  ExecDropSingleTupleTableSlot(slot);
  table_endscan(scan);
}

Oid LogOf(int32 query_id) {
  const Oid log =
      get_relname_relid(StateName(query_id, "_gone"), get_namespace_oid("weir_state", false));
  if (OidIsValid(log)) return log;
  ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
          errmsg("table weir_state.%s does not exist", StateName(query_id, "_gone")),
          errhint("Drop the continuous query and create it again."));
  pg_unreachable();
}

// The same for all calls of a plan that runs, also where a partition comes in the middle of it.
TouchedGroups *GroupsOf(FunctionCallInfo fcinfo) {
  auto *groups = static_cast<TouchedGroups *>(fcinfo->flinfo->fn_extra);
  if (groups == nullptr || groups->query_id != PG_GETARG_INT32(0)) {
    groups = TouchedOf(PG_GETARG_INT32(0), fcinfo->flinfo->fn_mcxt);
    fcinfo->flinfo->fn_extra = groups;
  }
  return groups;
}

// What is loaded, in the memory that it was loaded into.
struct Loaded {
  TouchedGroups groups;
  MemoryContextCallback forget;
  Loaded *next;
};
Loaded *all_loaded = nullptr;

struct FilesOfTick {
  int32 query_id;
  bool are_same;
};
FilesOfTick files_of_tick;

void Forget(void *argument) {
  Loaded **link = &all_loaded;
  while (*link != argument) link = &(*link)->next;
  *link = (*link)->next;
}

bool AreFilesSame(int32 query_id, Snapshot stored) {
  if (OpenTickOf(query_id) != nullptr && files_of_tick.query_id == query_id) {
    return files_of_tick.are_same;
  }
  return HasSameFiles(query_id, stored);
}

void Load(TouchedGroups *groups) {
  const Tick *tick = OpenTickOf(groups->query_id);
  Snapshot stored = RegisterSnapshot(tick != nullptr ? GetLatestSnapshot() : GetActiveSnapshot());
  groups->is_everything = !AreFilesSame(groups->query_id, stored);
  Snapshot snapshot = tick != nullptr ? RegisterHorizonSnapshot(tick->h1) : stored;
  Relation log = table_open(LogOf(groups->query_id), AccessShareLock);
  ReadLog(groups, log, snapshot);
  table_close(log, AccessShareLock);
  if (snapshot != stored) UnregisterSnapshot(snapshot);
  UnregisterSnapshot(stored);
}

bool IsTouched(const TouchedGroups *groups, FunctionCallInfo fcinfo) {
  if (groups->is_everything) return true;
  if (groups->count == 0) return false;
  if (PG_NARGS() != groups->key_count + 1) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("continuous query %d has %d keys", groups->query_id, groups->key_count));
  }
  Datum values[FUNC_MAX_ARGS];
  bool nulls[FUNC_MAX_ARGS];
  for (int i = 0; i < groups->key_count; i++) {
    const Oid type = getBaseType(get_fn_expr_argtype(fcinfo->flinfo, i + 1));
    if (type != groups->columns[i].type->type_id) {
      ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
              errmsg("key %d of continuous query %d is of another type", i + 1, groups->query_id));
    }
    nulls[i] = PG_ARGISNULL(i + 1);
    values[i] = PG_GETARG_DATUM(i + 1);
  }
  return Contains(groups, values, nulls);
}

}  // namespace

TouchedGroups *TouchedOf(int32 query_id, MemoryContext context) {
  for (Loaded *loaded = all_loaded; loaded != nullptr; loaded = loaded->next) {
    if (loaded->groups.context == context && loaded->groups.query_id == query_id) {
      return &loaded->groups;
    }
  }
  auto *loaded = static_cast<Loaded *>(MemoryContextAllocZero(context, sizeof(Loaded)));
  loaded->groups.query_id = query_id;
  loaded->groups.context = context;
  Load(&loaded->groups);
  loaded->forget.func = Forget;
  loaded->forget.arg = loaded;
  loaded->next = all_loaded;
  all_loaded = loaded;
  MemoryContextRegisterResetCallback(context, &loaded->forget);
  return &loaded->groups;
}

void DecideFilesOfTick(int32 query_id) {
  Snapshot latest = RegisterSnapshot(GetLatestSnapshot());
  files_of_tick = {query_id, HasSameFiles(query_id, latest)};
  UnregisterSnapshot(latest);
}

bool IsNothingTouched(const TouchedGroups *groups) {
  return !groups->is_everything && groups->count == 0;
}

bool IsEverythingTouched(const TouchedGroups *groups) { return groups->is_everything; }

}  // namespace weir::continuous

using namespace weir::continuous;

WEIR_FUNCTION(weir_touched) { PG_RETURN_BOOL(IsTouched(GroupsOf(fcinfo), fcinfo)); }

WEIR_FUNCTION(weir_touched_all) { PG_RETURN_BOOL(IsEverythingTouched(GroupsOf(fcinfo))); }

WEIR_FUNCTION(weir_touched_rest) {
  const TouchedGroups *groups = GroupsOf(fcinfo);
  PG_RETURN_BOOL(groups->is_everything || groups->has_null);
}
