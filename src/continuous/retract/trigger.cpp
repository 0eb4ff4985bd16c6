// weir.log_change(): the trigger that writes down whose groups an UPDATE or DELETE touches.
#include "continuous/catalog/extension_rights.hpp"
#include "continuous/catalog/names.hpp"
#include "continuous/failure/attempt.hpp"
#include "continuous/retract/change_log.hpp"
#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/touch_keys.hpp"
#include "pg/compat.hpp"
#include "pg/failpoint.hpp"
#include "pg/sql_function.hpp"

extern "C" {
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace weir::continuous {
namespace {

// Of the keys that one statement has logged; more are logged twice, which does no harm.
constexpr int kMostRemembered = 1024;

// What a statement knows of the query, kept with the trigger's call.
struct Watcher {
  int32 query_id;
  Oid log;  // InvalidOid: the query is being dropped
  Oid owner;
  bool may_fail;  // keys are not just columns
  bool has_logged_everything;
  int key_count;
  List *keys;  // of ExprState *
  ExprContext *context;
  TupleDesc descriptor;  // of the log, as it was made
  Datum *values;         // of the row at hand
  bool *nulls;
  HTAB *remembered;  // by hash: the last key that has it
  MemoryContext memory;
};

struct Remembered {
  uint32 hash;
  Datum *values;
  bool *nulls;
};

// The trigger must be the query's own: nobody else may write its log.
void RequireSource(int32 query_id, Oid source, Oid table) {
  if (table == source || list_member_oid(get_partition_ancestors(table), source)) return;
  ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
          errmsg("\"%s\" is not what continuous query %d reads", get_rel_name(table), query_id));
}

// Key expressions over the table that the trigger is on, which may be a partition.
List *KeysFor(const Query *definition, Relation table) {
  const int index = linitial_node(RangeTblRef, definition->jointree->fromlist)->rtindex;
  List *keys = static_cast<List *>(copyObjectImpl(TouchKeysOf(definition)));
  ChangeVarNodes(reinterpret_cast<Node *>(keys), index, 1, 0);
  const Oid source = SourceOf(definition)->relid;
  if (source == RelationGetRelid(table)) return keys;
  Relation root = table_open(source, AccessShareLock);
  keys = map_partition_varattnos(keys, 1, table, root);
  table_close(root, AccessShareLock);
  return keys;
}

// The log's: the keys, and whether everything is touched.
TupleDesc ColumnsFor(const List *keys) {
  TupleDesc columns = CreateTemplateTupleDesc(list_length(keys) + 1);
  AttrNumber number = 0;
  ListCell *cell;
  foreach (cell, keys) {
    TupleDescInitEntry(columns, ++number, nullptr, exprType(static_cast<Node *>(lfirst(cell))), -1,
                       0);
  }
  TupleDescInitEntry(columns, ++number, nullptr, BOOLOID, -1, 0);
  return columns;
}

void PrepareKeys(Watcher *watcher, List *keys) {
  ListCell *cell;
  foreach (cell, keys) {
    auto *key = static_cast<Expr *>(lfirst(cell));
    watcher->may_fail |= !IsA(key, Var);
    watcher->keys = lappend(watcher->keys, ExecInitExpr(expression_planner(key), nullptr));
  }
  watcher->key_count = list_length(keys);
  watcher->descriptor = ColumnsFor(keys);
  watcher->context = CreateStandaloneExprContext();
  watcher->values = static_cast<Datum *>(palloc0(sizeof(Datum) * (watcher->key_count + 1)));
  watcher->nulls = static_cast<bool *>(palloc0(sizeof(bool) * (watcher->key_count + 1)));
}

void PrepareWatcher(Watcher *watcher, Relation table) {
  const Oid schema = get_namespace_oid("weir_state", true);
  watcher->log = get_relname_relid(StateName(watcher->query_id, "_gone"), schema);
  const Oid view = get_relname_relid(StateName(watcher->query_id, "_definition"), schema);
  if (!OidIsValid(view)) watcher->log = InvalidOid;
  if (!OidIsValid(watcher->log)) return;
  Relation relation = relation_open(view, AccessShareLock);
  watcher->owner = relation->rd_rel->relowner;
  auto *definition = static_cast<Query *>(copyObjectImpl(get_view_query(relation)));
  pg::FlattenGroups(definition);
  relation_close(relation, AccessShareLock);
  RequireSource(watcher->query_id, SourceOf(definition)->relid, RelationGetRelid(table));
  PrepareKeys(watcher, KeysFor(definition, table));
  Relation log = table_open(watcher->log, AccessShareLock);
  RequireLogForm(log, watcher->descriptor);
  table_close(log, NoLock);
  HASHCTL control{};
  control.keysize = sizeof(uint32);
  control.entrysize = sizeof(Remembered);
  control.hcxt = watcher->memory;
  watcher->remembered = hash_create("weir logged keys", kMostRemembered, &control,
                                    HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

Watcher *WatcherOf(FunctionCallInfo fcinfo, const TriggerData *call) {
  auto *watcher = static_cast<Watcher *>(fcinfo->flinfo->fn_extra);
  if (watcher != nullptr) return watcher;
  MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
  watcher = static_cast<Watcher *>(palloc0(sizeof(Watcher)));
  watcher->query_id = pg_strtoint32(call->tg_trigger->tgargs[0]);
  watcher->memory = fcinfo->flinfo->fn_mcxt;
  PrepareWatcher(watcher, call->tg_relation);
  MemoryContextSwitchTo(old);
  fcinfo->flinfo->fn_extra = watcher;
  return watcher;
}

// Into the watcher's row; values last until the next row.
void EvaluateKeys(void *argument) {
  auto *watcher = static_cast<Watcher *>(argument);
  MemoryContext old = MemoryContextSwitchTo(watcher->context->ecxt_per_tuple_memory);
  for (int i = 0; i < watcher->key_count; i++) {
    auto *state = static_cast<ExprState *>(list_nth(watcher->keys, i));
    watcher->values[i] = ExecEvalExpr(state, watcher->context, &watcher->nulls[i]);
    // The log outlives what the row keeps out of line.
    if (!watcher->nulls[i] && TupleDescAttr(watcher->descriptor, i)->attlen == -1) {
      watcher->values[i] = PointerGetDatum(PG_DETOAST_DATUM(watcher->values[i]));
    }
  }
  MemoryContextSwitchTo(old);
}

// Functions in keys are the query's: they run as its owner. False: a key of this row fails, as the
// query does; the row can be mended all the same.
bool FindKeys(Watcher *watcher) {
  if (!watcher->may_fail) {
    EvaluateKeys(watcher);
    return true;
  }
  RightsBefore before{};
  GetUserIdAndSecContext(&before.user, &before.security_context);
  SetUserIdAndSecContext(watcher->owner, before.security_context | SECURITY_LOCAL_USERID_CHANGE |
                                             SECURITY_RESTRICTED_OPERATION);
  before.setting_level = PinSearchPath();
  const ErrorData *error = Attempt(EvaluateKeys, watcher);
  GiveRightsBack(before);
  return error == nullptr;
}

bool IsImage(const Watcher *watcher, const Remembered *key) {
  for (int i = 0; i < watcher->key_count; i++) {
    const FormData_pg_attribute *attribute = TupleDescAttr(watcher->descriptor, i);
    if (key->nulls[i] != watcher->nulls[i]) return false;
    if (!key->nulls[i] && !datum_image_eq(key->values[i], watcher->values[i], attribute->attbyval,
                                          attribute->attlen)) {
      return false;
    }
  }
  return true;
}

uint32 ImageHash(const Watcher *watcher) {
  uint32 hash = 0;
  for (int i = 0; i < watcher->key_count; i++) {
    const FormData_pg_attribute *attribute = TupleDescAttr(watcher->descriptor, i);
    const uint32 one = watcher->nulls[i] ? 0
                                         : datum_image_hash(watcher->values[i], attribute->attbyval,
                                                            attribute->attlen);
    hash = hash_combine(hash, one);
  }
  return hash;
}

// Whether this statement has logged the row's key before; remembers it.
bool IsRemembered(Watcher *watcher) {
  const uint32 hash = ImageHash(watcher);
  const bool is_full = hash_get_num_entries(watcher->remembered) >= kMostRemembered;
  bool found;
  auto *key = static_cast<Remembered *>(
      hash_search(watcher->remembered, &hash, is_full ? HASH_FIND : HASH_ENTER, &found));
  if (found) return IsImage(watcher, key);
  if (key == nullptr) return false;
  MemoryContext old = MemoryContextSwitchTo(watcher->memory);
  key->values = static_cast<Datum *>(palloc0(sizeof(Datum) * watcher->key_count));
  key->nulls = static_cast<bool *>(palloc(sizeof(bool) * watcher->key_count));
  for (int i = 0; i < watcher->key_count; i++) {
    const FormData_pg_attribute *attribute = TupleDescAttr(watcher->descriptor, i);
    key->nulls[i] = watcher->nulls[i];
    if (key->nulls[i]) continue;
    key->values[i] = datumCopy(watcher->values[i], attribute->attbyval, attribute->attlen);
  }
  MemoryContextSwitchTo(old);
  return false;
}

void LogEverything(Watcher *watcher) {
  if (watcher->has_logged_everything) return;
  AppendChange(watcher->log, nullptr);
  watcher->has_logged_everything = true;
}

void LogRow(Watcher *watcher, TupleTableSlot *row) {
  if (watcher->has_logged_everything) return;
  if (watcher->key_count == 0) {
    LogEverything(watcher);
    return;
  }
  ResetExprContext(watcher->context);
  watcher->context->ecxt_scantuple = row;
  if (!FindKeys(watcher)) {
    LogEverything(watcher);
  } else if (!IsRemembered(watcher)) {
    const ChangedKey key{watcher->descriptor, watcher->values, watcher->nulls};
    AppendChange(watcher->log, &key);
  }
}

}  // namespace
}  // namespace weir::continuous

WEIR_FUNCTION(weir_log_change) {
  using namespace weir::continuous;
  const auto *call = reinterpret_cast<TriggerData *>(fcinfo->context);
  if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(call->tg_event) ||
      !TRIGGER_FIRED_FOR_ROW(call->tg_event) || call->tg_trigger->tgnargs != 1) {
    ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
            errmsg("weir.log_change() is the trigger function of continuous queries"));
  }
  Watcher *watcher = WatcherOf(fcinfo, call);
  if (!OidIsValid(watcher->log)) return PointerGetDatum(nullptr);
  LogRow(watcher, call->tg_trigslot);
  if (WEIR_SEEDED("retract.old_key_only")) return PointerGetDatum(nullptr);
  if (TRIGGER_FIRED_BY_UPDATE(call->tg_event)) LogRow(watcher, call->tg_newslot);
  return PointerGetDatum(nullptr);
}
