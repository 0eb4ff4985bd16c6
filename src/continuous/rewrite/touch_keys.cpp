#include "continuous/rewrite/touch_keys.hpp"

#include "continuous/rewrite/definition.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/typcache.h"
}

namespace weir::continuous {

List *TouchKeysOf(const Query *definition) {
  List *keys = NIL;
  ListCell *cell;
  if (definition->hasAggs || definition->groupClause != NIL || definition->havingQual != nullptr) {
    foreach (cell, definition->groupClause) {
      keys = lappend(keys, get_sortgroupclause_expr(lfirst_node(SortGroupClause, cell),
                                                    definition->targetList));
    }
    return keys;
  }
  foreach (cell, definition->targetList) {
    auto *target = lfirst_node(TargetEntry, cell);
    if (!target->resjunk) keys = lappend(keys, target->expr);
  }
  return keys;
}

void RequireTouchKeys(const Query *definition, const char *text) {
  ListCell *cell;
  foreach (cell, TouchKeysOf(definition)) {
    auto *key = static_cast<Node *>(lfirst(cell));
    const TypeCacheEntry *type =
        lookup_type_cache(exprType(key), TYPECACHE_EQ_OPR | TYPECACHE_HASH_PROC);
    if (OidIsValid(type->eq_opr) && OidIsValid(type->hash_proc)) continue;
    Refuse(text,
           {exprLocation(key), "a key whose type cannot be hashed with on_delete => 'retract'",
            "Cast it to text."});
  }
}

}  // namespace weir::continuous
