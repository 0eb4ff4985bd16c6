// One SELECT becomes a table of partial results, a statement that adds new rows to it, and a view
// that merges it with the rows that are newer still. docs/continuous.md shows the result.
#pragma once

#include "continuous/rewrite/definition.hpp"
#include "continuous/rewrite/emission.hpp"
#include "pg/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace weir::continuous {

struct WindowTime;
struct WindowRows;

struct Rewrite {
  const char *text;
  Query *definition;
  bool is_aggregation;       // else filter and projection: every row is a result
  List *keys;                // group keys, as Node *
  List *parts;               // of Part *, pieces of the aggregates
  List *output;              // result columns as Node *, over the columns of the merged row
  List *names;               // of result columns
  Node *having;              // over the columns of the merged row
  List *columns;             // names of the state table's columns but "lane"
  const WindowRows *window;  // of ROWS windows; else null
  bool retracts;             // on_delete => 'retract'
  const Emission *emission;
  const WindowTime *time;  // null: no window closes
};

// Within OpenTextErrors(). Raises when the query cannot be kept up to date.
Rewrite *RewriteDefinition(const Definition &definition);

// The partial results of all rows; with a query's id those of its new rows.
char *PartialsOf(const Rewrite *rewrite, int32 query_id);

// The same as a tree, and with a condition more.
Query *PartialQuery(const Rewrite *rewrite);
void AddCondition(Query *query, Node *condition);

// Has the stream give its new rows only.
void AddMarker(Query *query, int32 query_id);

char *DefinitionOf(const Rewrite *rewrite);
char *ColumnList(const List *names);

// The same of new rows, with what tells their time; for a view with these columns.
char *NewPartialsOf(const Rewrite *rewrite, int32 query_id);

// INSERT that merges the partial results of new rows into the state table.
char *TickOf(const Rewrite *rewrite, int32 query_id);

// The same for the partial results that several processes have made, each of some of the new rows:
// the rows of a relation by this name. Null when that cannot be done.
inline constexpr char kLaneRows[] = "weir_lane_rows";
char *LaneTickOf(const Rewrite *rewrite, int32 query_id);

// The same whatever the time of the rows.
char *MergeOf(const Rewrite *rewrite, int32 query_id);

// SELECT of new rows of closed windows, whole, as jsonb.
char *LateRowsOf(const Rewrite *rewrite, int32 query_id);

// The same for the rows that are there when the query is created or rebuilt.
char *FillOf(const Rewrite *rewrite, int32 query_id);

// SELECT over the state table, which exists, and the new rows.
char *LiveOf(const Rewrite *rewrite, int32 query_id);

// SELECT of the result's rows, each as jsonb `shown`, over pieces that a column `place` tells
// apart.
char *ShownOver(const Rewrite *rewrite, Oid state_table, const char *pieces);

// SELECT of the state table's columns with the partial results of newer rows merged in.
char *ContentsOf(const Rewrite *rewrite, int32 query_id);

// The keys of the state table's unique index; null when it has none.
char *IndexKeysOf(const Rewrite *rewrite);

}  // namespace weir::continuous
