// Seals on stored states. Reading the internal state of an extension's aggregate may trust its
// bytes, and a table's owner may write whatever he likes: what no worker has stored must not reach
// such a reader.
#pragma once

#include "pg/pg.hpp"

extern "C" {
#include "common/sha2.h"
}

namespace weir::continuous {

// What a seal vouches for beside the bytes: whose state they are, and who reads them.
struct SealedKind {
  Oid aggregate;
  Oid reader;
};

struct SealSecret {
  uint8 bytes[PG_SHA256_DIGEST_LENGTH];
};

// The database's secret, which nobody but superusers can read. Raises 55000 when it is gone.
SealSecret ReadSealSecret();

// The state followed by its seal: HMAC-SHA-256 (RFC 2104) over kind and state.
bytea *Seal(const SealSecret &secret, const SealedKind &kind, const bytea *state);

// The state without its seal. Raises XX001 when the seal is not ours.
bytea *Unseal(const SealSecret &secret, const SealedKind &kind, const bytea *sealed);

}  // namespace weir::continuous
