// Walks the pages of a heap table and collects their visible rows.
#pragma once

#include "pg/pg.hpp"
#include "stream/node/source.hpp"
#include "stream/source/buffer_map.hpp"

namespace weir::stream {

struct HeapPage {
  Page page;
  Buffer buffer;
  BlockNumber block;
  bool is_pinned_here;  // else the scan owns the pin
};

struct PageWalk {
  TableScanDesc scan;
  Source *source;
  AttrNumber highest;      // attributes read
  bool may_read_directly;  // pages whose rows everybody sees need no check per row
  BlockNumber next;
  BlockNumber remaining;  // serial walks
  Buffer ahead;           // pinned already, for `next`
  Buffer last_read;
  int good_guesses;
  int bad_guesses;
  BufferMap *map;         // once guessing was in vain
  MemoryContext context;  // outlives the walk, wherever it is called from
  bool is_map_made;
};

void BeginWalk(PageWalk *walk, TableScanDesc scan, Source *source);

// The next page's rows, pinned until ReleasePage(). False after the last page.
bool NextPage(PageWalk *walk, HeapPage *page, PageRows *rows);
void ReleasePage(HeapPage *page);
void EndWalk(PageWalk *walk);

}  // namespace weir::stream
