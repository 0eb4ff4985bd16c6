#include "continuous/delta/shares.hpp"

extern "C" {
#include "access/xact.h"
}

namespace weir::continuous {
namespace {

Shares *joined = nullptr;
bool is_listened = false;

void OnTransactionEnd(XactEvent, void *) { LeaveShares(); }

}  // namespace

Size BytesOfShares(int source_count) {
  return add_size(offsetof(Shares, sources), mul_size(sizeof(SharedSource), source_count));
}

void JoinShares(Shares *shares) {
  if (!is_listened) RegisterXactCallback(OnTransactionEnd, nullptr);
  is_listened = true;
  joined = shares;
}

void LeaveShares() { joined = nullptr; }

bool IsInLanes() { return joined != nullptr; }

core::SharedU32 *StripesOf(Oid relation) {
  for (int i = 0; joined != nullptr && i < joined->source_count; i++) {
    if (joined->sources[i].relation == relation) return &joined->sources[i].next_stripe;
  }
  return nullptr;
}

}  // namespace weir::continuous
