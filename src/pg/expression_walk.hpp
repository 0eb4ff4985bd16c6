// expression_tree_walker() and its kin with a type-safe callback; the server's own takes any
// function pointer.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
}

namespace weir::pg {

template <typename Context>
bool WalkExpression(Node *node, bool (*walker)(Node *, Context *), Context *context) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
  return expression_tree_walker(node, reinterpret_cast<bool (*)()>(walker),
                                const_cast<void *>(static_cast<const void *>(context)));
#pragma GCC diagnostic pop
}

// The same for the parts of a whole query.
template <typename Context>
bool WalkQuery(Query *query, bool (*walker)(Node *, Context *), Context *context) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
  return query_tree_walker(query, reinterpret_cast<bool (*)()>(walker),
                           const_cast<void *>(static_cast<const void *>(context)), 0);
#pragma GCC diagnostic pop
}

template <typename Context>
Node *MutateExpression(Node *node, Node *(*mutator)(Node *, Context *), Context *context) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
  return expression_tree_mutator(node, reinterpret_cast<Node *(*)()>(mutator),
                                 const_cast<void *>(static_cast<const void *>(context)));
#pragma GCC diagnostic pop
}

template <typename Context>
bool WalkPlanStates(PlanState *state, bool (*walker)(PlanState *, Context *), Context *context) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
  return planstate_tree_walker(state, reinterpret_cast<bool (*)()>(walker), context);
#pragma GCC diagnostic pop
}

}  // namespace weir::pg
