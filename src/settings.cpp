#include "settings.hpp"

#include <climits>
#include <cstring>

#include "pg/guc.hpp"
#include "pg/pg.hpp"

namespace weir {

constinit Settings settings;

namespace {

constexpr int kMaxNameBytes = 63;

const config_enum_entry kCaptureModes[] = {{"off", kCaptureOff, false},
                                           {"top", kCaptureTop, false},
                                           {"all", kCaptureAll, false},
                                           {nullptr, 0, false}};

const config_enum_entry kStoreModes[] = {
    {"events", kStoreEvents, false}, {"rollup", kStoreRollup, false}, {nullptr, 0, false}};

const config_enum_entry kStreamModes[] = {{"auto", kStreamAuto, false},
                                          {"off", kStreamOff, false},
                                          {"prefer", kStreamPrefer, false},
                                          {"require", kStreamRequire, false},
                                          {nullptr, 0, false}};

bool CheckPowerOfTwo(int *value, void **, GucSource) {
  if ((*value & (*value - 1)) == 0) return true;
  GUC_check_errdetail("The value must be a power of two.");
  return false;
}

bool CheckTenant(char **value, void **, GucSource) {
  if (std::strlen(*value) <= kMaxNameBytes) return true;
  GUC_check_errdetail("A tenant may have at most %d bytes.", kMaxNameBytes);
  return false;
}

void DefineCaptureSettings() {
  pg::Define(pg::EnumSetting{.name = "weir.capture",
                             .summary = "Selects which statements are recorded.",
                             .detail = "\"top\" records what clients send, \"all\" also what "
                                       "functions run.",
                             .value = &settings.capture,
                             .options = kCaptureModes,
                             .context = PGC_SUSET});
  pg::Define(pg::BoolSetting{.name = "weir.capture_utility",
                             .summary = "Records utility commands.",
                             .value = &settings.capture_utility,
                             .context = PGC_SUSET});
  pg::Define(pg::BoolSetting{.name = "weir.capture_planning",
                             .summary = "Records the time spent planning.",
                             .value = &settings.capture_planning,
                             .context = PGC_SUSET});
  pg::Define(pg::BoolSetting{.name = "weir.capture_texts",
                             .summary = "Keeps the normalised text of each query.",
                             .value = &settings.capture_texts,
                             .context = PGC_SUSET});
  pg::Define(pg::IntSetting{.name = "weir.min_duration",
                            .summary = "Sets the duration above which a statement gets a record "
                                       "of its own.",
                            .detail = "Faster statements are folded into one record per query, "
                                      "so that counts and totals stay exact.",
                            .value = &settings.min_duration_ms,
                            .min = 0,
                            .max = INT_MAX,
                            .context = PGC_SUSET,
                            .flags = GUC_UNIT_MS});
  pg::Define(pg::RealSetting{.name = "weir.sample_rate",
                             .summary = "Sets the share of statements that get a record of their "
                                        "own.",
                             .detail = "The others are folded into one record per query, so that "
                                       "counts and totals stay exact.",
                             .value = &settings.sample_rate,
                             .min = 0.0,
                             .max = 1.0,
                             .context = PGC_SUSET});
}

void DefineTenantSettings() {
  pg::Define(pg::StringSetting{.name = "weir.tenant",
                               .summary = "Names the tenant on whose behalf statements run.",
                               .value = &settings.tenant,
                               .context = PGC_USERSET,
                               .check = CheckTenant});
  pg::Define(pg::StringSetting{.name = "weir.tenant_setting",
                               .summary = "Names another setting that holds the tenant.",
                               .detail = "It is read when weir.tenant is empty.",
                               .value = &settings.tenant_setting,
                               .context = PGC_SUSET});
  pg::Define(pg::BoolSetting{.name = "weir.tenant_from_application",
                             .summary = "Takes application_name as the tenant when no other is "
                                        "set.",
                             .value = &settings.tenant_from_application,
                             .context = PGC_SUSET});
  pg::Define(pg::IntSetting{.name = "weir.max_tenants",
                            .summary = "Sets the number of tenants told apart in each database.",
                            .detail = "Statements of any more are recorded as \"__other__\".",
                            .value = &settings.max_tenants,
                            .min = 1,
                            .max = 1000000,
                            .context = PGC_POSTMASTER});
}

void DefineSharedMemorySettings() {
  pg::Define(pg::IntSetting{.name = "weir.ring_size",
                            .summary = "Sets the number of records each database's ring holds.",
                            .detail = "A record takes 256 bytes of shared memory. The number must "
                                      "be a power of two.",
                            .value = &settings.ring_size,
                            .min = 64,
                            .max = 1 << 20,
                            .context = PGC_POSTMASTER,
                            .check = CheckPowerOfTwo});
  pg::Define(pg::IntSetting{.name = "weir.max_databases",
                            .summary = "Sets the number of databases that can be recorded at the "
                                       "same time.",
                            .value = &settings.max_databases,
                            .min = 1,
                            .max = 1024,
                            .context = PGC_POSTMASTER});
  pg::Define(pg::IntSetting{.name = "weir.text_buffer",
                            .summary = "Sets the memory for query texts on their way to the table, "
                                       "per database.",
                            .value = &settings.text_buffer_kb,
                            .min = 16,
                            .max = 1 << 20,
                            .context = PGC_POSTMASTER,
                            .flags = GUC_UNIT_KB,
                            .check = CheckPowerOfTwo});
}

void DefineFlushSettings() {
  pg::Define(pg::IntSetting{.name = "weir.flush_batch",
                            .summary = "Sets the number of waiting records that wakes the flush "
                                       "worker.",
                            .value = &settings.flush_batch,
                            .min = 1,
                            .max = 1 << 20,
                            .context = PGC_SIGHUP});
  pg::Define(pg::IntSetting{.name = "weir.flush_interval",
                            .summary = "Sets the longest time a record waits to be flushed.",
                            .value = &settings.flush_interval_ms,
                            .min = 10,
                            .max = 3'600'000,
                            .context = PGC_SIGHUP,
                            .flags = GUC_UNIT_MS});
  pg::Define(pg::IntSetting{.name = "weir.retention",
                            .summary = "Sets how long weir.query_stats keeps records.",
                            .detail = "Whole days are dropped. Zero keeps everything.",
                            .value = &settings.retention_s,
                            .min = 0,
                            .max = INT_MAX,
                            .context = PGC_SIGHUP,
                            .flags = GUC_UNIT_S});
}

void DefineRollupSettings() {
  pg::Define(pg::EnumSetting{.name = "weir.store",
                             .summary = "Selects what the flush worker writes.",
                             .detail = "\"events\" writes statements and roll-ups, \"rollup\" "
                                       "roll-ups only.",
                             .value = &settings.store,
                             .options = kStoreModes,
                             .context = PGC_SIGHUP});
  pg::Define(pg::IntSetting{.name = "weir.rollup_retention",
                            .summary = "Sets how long roll-ups by day are kept.",
                            .detail = "Zero keeps them for ever.",
                            .value = &settings.rollup_retention_s,
                            .min = 0,
                            .max = INT_MAX,
                            .context = PGC_SIGHUP,
                            .flags = GUC_UNIT_S});
  pg::Define(pg::IntSetting{.name = "weir.max_rollup_kinds",
                            .summary = "Sets the number of kinds of statements that roll-ups tell "
                                       "apart in a day.",
                            .detail = "Statements of any more are summed up as \"__other__\".",
                            .value = &settings.max_rollup_kinds,
                            .min = 1,
                            .max = 10'000'000,
                            .context = PGC_SIGHUP});
}

void DefineStreamSettings() {
  pg::Define(pg::EnumSetting{.name = "weir.stream",
                             .summary = "Selects whether aggregations are streamed.",
                             .detail =
                                 "\"auto\" lets the planner choose by cost, \"prefer\" streams "
                                 "whatever can be streamed, \"require\" raises an error "
                                 "where streaming is not possible.",
                             .value = &settings.stream,
                             .options = kStreamModes,
                             .context = PGC_USERSET});
}

void DefineContinuousSettings() {
  pg::Define(pg::IntSetting{.name = "weir.max_hold_age",
                            .summary = "Sets for how many transactions deleted rows are kept that "
                                       "a continuous query has not consumed.",
                            .detail = "A query that falls behind further becomes stale and has to "
                                      "be refreshed.",
                            .value = &settings.max_hold_age,
                            .min = 100,
                            .max = 1'500'000'000,
                            .context = PGC_SIGHUP});
  pg::Define(pg::IntSetting{.name = "weir.max_query_workers",
                            .summary = "Sets the number of workers for continuous queries.",
                            .detail = "Each owner of continuous queries has one in each database; "
                                      "it takes one of max_worker_processes.",
                            .value = &settings.max_query_workers,
                            .min = 1,
                            .max = 1024,
                            .context = PGC_POSTMASTER});
  pg::Define(pg::IntSetting{.name = "weir.max_queries",
                            .summary = "Sets the number of continuous queries, over all databases.",
                            .value = &settings.max_queries,
                            .min = 1,
                            .max = 100000,
                            .context = PGC_POSTMASTER});
  pg::Define(pg::IntSetting{.name = "weir.min_lane_pages",
                            .summary = "Sets how much there is to read before a step of a "
                                       "continuous query is spread over several processes.",
                            .value = &settings.min_lane_pages,
                            .min = 0,
                            .max = INT_MAX,
                            .context = PGC_SIGHUP,
                            .flags = GUC_UNIT_BLOCKS});
}

#ifdef WEIR_FAILPOINTS
void DefineTestSettings() {
  pg::Define(pg::StringSetting{.name = "weir.failpoint",
                               .summary = "Makes named points of the code fail.",
                               .detail = "A comma-separated list of name:action[:count].",
                               .value = &settings.failpoint,
                               .context = PGC_SUSET});
  pg::Define(pg::IntSetting{.name = "weir.clock_shift",
                            .summary = "Shifts the time of every record.",
                            .value = &settings.clock_shift_s,
                            .min = INT_MIN,
                            .max = INT_MAX,
                            .context = PGC_SUSET,
                            .flags = GUC_UNIT_S});
  pg::Define(pg::BoolSetting{.name = "weir.check_skipped",
                             .summary = "Makes scans for new rows read the pages they would skip, "
                                        "and fail where a new row is on one.",
                             .value = &settings.check_skipped,
                             .context = PGC_SUSET});
}
#endif

}  // namespace

void DefineSettings() {
  DefineCaptureSettings();
  DefineTenantSettings();
  DefineSharedMemorySettings();
  DefineFlushSettings();
  DefineRollupSettings();
  DefineStreamSettings();
  DefineContinuousSettings();
#ifdef WEIR_FAILPOINTS
  DefineTestSettings();
#endif
  MarkGUCPrefixReserved("weir");
}

}  // namespace weir
