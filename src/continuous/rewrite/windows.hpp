// ROWS windows: the last rows of each key are kept, and new rows are computed after them. Every row
// of the stream gives one row of the result, which is never changed.
//
// Beside q<id>, the results, there is q<id>_tail: the columns that the query uses (i1, i2, ...) of
// the last rows of each key, with a hash of the key and their position in it; q<id>_work, the tails
// of the keys that have new rows together with those, and what becomes of each; and q<id>_next, the
// tails as they will be then.
#pragma once

#include "continuous/rewrite/rewrite.hpp"
#include "pg/pg.hpp"

namespace weir::continuous {

struct WindowRows {
  List *inputs;     // of Var *: what is used of the tables
  List *partition;  // of Node *
  List *order;      // of Node *
  List *order_by;   // of SortGroupClause *, one for each of `order`
  int64 lookback;   // how many rows before its own a result needs
};

// Null without window functions. Raises when a result needs more than the last rows of its key.
const WindowRows *FindWindowRows(const Definition &definition);

// SELECT of what q<id> and q<id>_tail are made from.
char *WindowShapeOf(const Rewrite *rewrite);
char *TailShapeOf(const Rewrite *rewrite);

// SELECT of q<id>_work, over q<id>_tail, which exists.
char *WorkOf(const Rewrite *rewrite, int32 query_id);
char *WorkColumns(const Rewrite *rewrite);

// SELECT of q<id>_first: the same of all rows there are, when there is no tail yet.
char *FirstWorkOf(const Rewrite *rewrite, int32 query_id);
char *FirstWorkColumns(const Rewrite *rewrite);

// SELECT of the results of new rows, and of the tails with them, over q<id>_work.
char *NewResultsOf(const Rewrite *rewrite, int32 query_id);
char *NextTailOf(const Rewrite *rewrite, int32 query_id);
char *TailColumns(const Rewrite *rewrite);

char *WindowTickOf(const Rewrite *rewrite, int32 query_id);

// Fills an empty state and tail, given the columns of both.
char *WindowFillOf(int32 query_id, const char *results, const char *tail_columns);
char *WindowLiveOf(const Rewrite *rewrite, int32 query_id);

}  // namespace weir::continuous
