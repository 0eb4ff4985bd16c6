#include "stats/capture/session.hpp"

#include <cstring>

#include "pg/compat.hpp"
#include "pg/pg.hpp"
#include "settings.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "commands/extension.h"
#include "common/hashfn.h"
#include "common/ip.h"
#include "libpq/libpq-be.h"
#include "mb/pg_wchar.h"
#include "storage/ipc.h"
#include "utils/guc.h"
}

namespace weir::stats {

constinit Session session;

namespace {

constexpr std::size_t kNameBytes = 64;  // with the closing zero

// The last name seen and its number: names rarely change between statements.
struct CachedName {
  std::uint32_t group;
  core::NameId id;
  char text[kNameBytes];
};

CachedName application_cache;
CachedName tenant_cache;
CachedName client_cache;
bool exit_registered = false;
bool ending = false;  // this process counts no more

enum class PendingChange { kNone, kAttach, kDetach };
PendingChange pending_change = PendingChange::kNone;

void OnProcessExit(int, Datum) {
  ending = true;
  session.slot = nullptr;
  RetireArea(AreaAt(pg::MyProcessNumber()));
}

bool HasExtension() { return OidIsValid(get_extension_oid("pg_weir", true)); }

// The catalog says what came of the changes, some of which may have been undone by ROLLBACK TO. It
// can be asked before the commit only; nothing may fail after it.
void OnTransactionEnd(XactEvent event, void *) {
  if (likely(pending_change == PendingChange::kNone)) return;
  if (event == XACT_EVENT_PRE_COMMIT) {
    pending_change = HasExtension() ? PendingChange::kAttach : PendingChange::kDetach;
  }
  if (event == XACT_EVENT_COMMIT) {
    if (pending_change == PendingChange::kAttach) AttachDatabase(MyDatabaseId);
    if (pending_change == PendingChange::kDetach) DetachDatabase(MyDatabaseId);
  }
  // What is prepared may be committed by anybody, at any time: the worker notices by itself that
  // the extension has gone, and the first session that looks for it that it has come.
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
    pending_change = PendingChange::kNone;
  }
}

// Records into `slot` from now on, or nowhere when it is null.
void UseSlot(DatabaseSlot *slot) {
  session.slot = nullptr;
  BackendArea &area = AreaAt(pg::MyProcessNumber());
  if (slot == nullptr || area.group.load() != slot->group.load()) RetireArea(area);
  if (slot == nullptr) return;
  if (!exit_registered) {
    // Not before_shmem_exit(): this may run inside of code that has put its own clean-up on top of
    // that list and expects to find it there.
    on_shmem_exit(OnProcessExit, Datum{0});
    exit_registered = true;
  }
  // Under the lock the slot cannot go to another database before the area holds its group.
  LWLockAcquire(shared->lock, LW_SHARED);
  if (slot->active.load() != 0 && slot->database.load() == MyDatabaseId) {
    area.group.store(slot->group.load());
    session.slot = slot;
  }
  LWLockRelease(shared->lock);
  if (session.slot == nullptr) return;
  session.ring = &RingOf(*slot);
  session.area = &area;
}

bool IsCached(const CachedName &cache, const char *text) {
  return cache.group == session.slot->group.load(std::memory_order_relaxed) &&
         std::strcmp(cache.text, text) == 0;
}

core::NameId Remember(CachedName &cache, const char *text, core::NameId id) {
  cache.group = session.slot->group.load(std::memory_order_relaxed);
  cache.id = id;
  strlcpy(cache.text, text, sizeof(cache.text));
  return id;
}

core::NameId InternOrOther(core::StringTable &table, const char *text) {
  if (*text == '\0') return 0;
  const core::NameId id = table.Intern(text);
  if (id != 0) return id;
  session.slot->names_rejected.fetch_add(1, std::memory_order_relaxed);
  return kOtherName;
}

// A name too long for the table keeps its beginning and gets a hash of the whole, so that two long
// names with the same beginning stay apart.
void ShortenInto(char *buffer, const char *text) {
  const std::size_t length = std::strlen(text);
  if (length < kNameBytes) {
    std::memcpy(buffer, text, length + 1);
    return;
  }
  constexpr int kHashDigits = 17;
  const int kept = pg_mbcliplen(text, static_cast<int>(length), kNameBytes - 1 - kHashDigits);
  const uint64 hash = DatumGetUInt64(hash_any_extended(
      reinterpret_cast<const unsigned char *>(text), static_cast<int>(length), 0));
  snprintf(buffer, kNameBytes, "%.*s~%016llx", kept, text, static_cast<unsigned long long>(hash));
}

core::NameId CurrentApplication() {
  const char *name = application_name == nullptr ? "" : application_name;
  if (likely(IsCached(application_cache, name))) return application_cache.id;
  return Remember(application_cache, name, InternOrOther(SessionNamesOf(*session.slot), name));
}

const char *TenantText() {
  if (*settings.tenant != '\0') return settings.tenant;
  if (*settings.tenant_setting != '\0') {
    const char *value = GetConfigOption(settings.tenant_setting, true, false);
    if (value != nullptr && *value != '\0') return value;
  }
  if (settings.tenant_from_application && application_name != nullptr) return application_name;
  return "";
}

core::NameId CurrentTenant() {
  const char *text = TenantText();
  if (likely(IsCached(tenant_cache, text))) return tenant_cache.id;
  char buffer[kNameBytes];
  ShortenInto(buffer, text);
  return Remember(tenant_cache, buffer, InternTenant(buffer));
}

// The client's address as text, empty for local connections and processes without a client.
void ClientText(char *buffer, std::size_t size) {
  buffer[0] = '\0';
  if (MyProcPort == nullptr) return;
  const int family = MyProcPort->raddr.addr.ss_family;
  if (family != AF_INET && family != AF_INET6) return;
  if (pg_getnameinfo_all(&MyProcPort->raddr.addr, MyProcPort->raddr.salen, buffer,
                         static_cast<int>(size), nullptr, 0, NI_NUMERICHOST) != 0) {
    buffer[0] = '\0';
  }
  // A link-local address carries its interface, which the type inet does not know.
  if (char *zone = std::strchr(buffer, '%')) *zone = '\0';
}

core::NameId CurrentClient() {
  if (likely(client_cache.group == session.slot->group.load(std::memory_order_relaxed))) {
    return client_cache.id;
  }
  char text[kNameBytes];
  ClientText(text, sizeof(text));
  return Remember(client_cache, text, InternOrOther(SessionNamesOf(*session.slot), text));
}

}  // namespace

core::NameId InternName(const char *name) { return InternOrOther(NamesOf(*session.slot), name); }

core::NameId InternTenant(const char *text) {
  return InternOrOther(TenantsOf(*session.slot), text);
}

void Identify(core::QueryRecord &record) {
  record.user_id = GetUserId();
  record.tenant = CurrentTenant();
  record.application = CurrentApplication();
  record.client = CurrentClient();
}

void RefreshSession() {
  // The catalog can be asked only in a transaction; the generation stays old until then.
  if (!OidIsValid(MyDatabaseId) || !IsTransactionState() || IsParallelWorker() || ending) return;
  const std::uint32_t generation = shared->generation.load();
  DatabaseSlot *slot = FindSlot(MyDatabaseId);
  if (slot == nullptr && HasExtension()) {
    slot = AttachDatabase(MyDatabaseId);
    UseSlot(slot);
    session.generation = shared->generation.load();
    return;
  }
  UseSlot(slot);
  session.generation = generation;
}

void InstallSession() { RegisterXactCallback(OnTransactionEnd, nullptr); }

void NeverRecord() {
  ending = true;
  session.slot = nullptr;
}

void LookAgain() { session.generation = 0; }

void AttachAtCommit() { pending_change = PendingChange::kAttach; }
void DetachAtCommit() { pending_change = PendingChange::kDetach; }

}  // namespace weir::stats
