#include "continuous/rewrite/state_seal.hpp"

#include <cstring>

#include "continuous/frontier/rows.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "access/table.h"
#include "common/hmac.h"
#include "utils/builtins.h"
#include "utils/regproc.h"
}

namespace weir::continuous {
namespace {

constexpr int kSealBytes = PG_SHA256_DIGEST_LENGTH;

[[noreturn]] void RaiseHmac() {
  ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
          errmsg("could not compute the seal of an aggregate's state"));
  pg_unreachable();
}

void ComputeSeal(const SealSecret &secret, const SealedKind &kind, const char *state, int length,
                 uint8 *seal) {
  pg_hmac_ctx *context = pg_hmac_create(PG_SHA256);
  if (context == nullptr) RaiseHmac();
  const bool is_done =
      pg_hmac_init(context, secret.bytes, sizeof(secret.bytes)) == 0 &&
      pg_hmac_update(context, reinterpret_cast<const uint8 *>(&kind), sizeof(kind)) == 0 &&
      pg_hmac_update(context, reinterpret_cast<const uint8 *>(state),
                     static_cast<std::size_t>(length)) == 0 &&
      pg_hmac_final(context, seal, kSealBytes) == 0;
  pg_hmac_free(context);
  if (!is_done) RaiseHmac();
}

// Takes as long for seals that differ early as for seals that differ late.
bool AreEqual(const uint8 *a, const uint8 *b) {
  uint8 difference = 0;
  for (int i = 0; i < kSealBytes; i++) difference |= a[i] ^ b[i];
  return difference == 0;
}

}  // namespace

SealSecret ReadSealSecret() {
  SealSecret secret{};
  bool is_found = false;
  const Oid oid = TableOid("state_secret");
  if (OidIsValid(oid)) {
    Relation table = table_open(oid, AccessShareLock);
    SysScanDesc scan = systable_beginscan(table, InvalidOid, false, nullptr, 0, nullptr);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
      bool is_null;
      const Datum stored = heap_getattr(tuple, 1, RelationGetDescr(table), &is_null);
      const bytea *bytes = DatumGetByteaPP(stored);
      is_found = VARSIZE_ANY_EXHDR(bytes) == sizeof(secret.bytes);
      if (is_found) std::memcpy(secret.bytes, VARDATA_ANY(bytes), sizeof(secret.bytes));
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
  }
  if (!is_found) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("weir.state_secret does not hold its one row"),
            errhint("Create the extension again."));
  }
  return secret;
}

bytea *Seal(const SealSecret &secret, const SealedKind &kind, const bytea *state) {
  const int length = static_cast<int>(VARSIZE_ANY_EXHDR(state));
  auto *sealed = static_cast<bytea *>(palloc(VARHDRSZ + length + kSealBytes));
  SET_VARSIZE(sealed, VARHDRSZ + length + kSealBytes);
  std::memcpy(VARDATA(sealed), VARDATA_ANY(state), static_cast<std::size_t>(length));
  ComputeSeal(secret, kind, VARDATA_ANY(state), length,
              reinterpret_cast<uint8 *>(VARDATA(sealed)) + length);
  return sealed;
}

bytea *Unseal(const SealSecret &secret, const SealedKind &kind, const bytea *sealed) {
  const int length = static_cast<int>(VARSIZE_ANY_EXHDR(sealed)) - kSealBytes;
  uint8 seal[kSealBytes];
  if (length >= 0) ComputeSeal(secret, kind, VARDATA_ANY(sealed), length, seal);
  if (length < 0 ||
      !AreEqual(seal, reinterpret_cast<const uint8 *>(VARDATA_ANY(sealed)) + length)) {
    ereport(
        ERROR, errcode(ERRCODE_DATA_CORRUPTED),
        errmsg("a state of aggregate function %s is not as it was stored",
               format_procedure(kind.aggregate)),
        errhint("Fill the continuous query anew with weir.refresh_query(): its state comes from a "
                "dump, or somebody has written to it."));
  }
  auto *state = static_cast<bytea *>(palloc(VARHDRSZ + length));
  SET_VARSIZE(state, VARHDRSZ + length);
  std::memcpy(VARDATA(state), VARDATA_ANY(sealed), static_cast<std::size_t>(length));
  return state;
}

}  // namespace weir::continuous
