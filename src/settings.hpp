// Every setting of the extension, with its default.
#pragma once

namespace weir {

enum CaptureMode : int { kCaptureOff, kCaptureTop, kCaptureAll };
enum StoreMode : int { kStoreEvents, kStoreRollup };
enum StreamMode : int { kStreamAuto, kStreamOff, kStreamPrefer, kStreamRequire };

struct Settings {
  // Capture.
  int capture = kCaptureTop;
  bool capture_utility = true;
  bool capture_planning = true;
  bool capture_texts = true;
  int min_duration_ms = 0;
  double sample_rate = 1.0;

  // Tenants. The strings belong to the server; a literal until they are defined.
  char *tenant = const_cast<char *>("");
  char *tenant_setting = const_cast<char *>("");
  bool tenant_from_application = false;

  // Shared memory, fixed at server start.
  int ring_size = 32768;  // slots of 256 bytes per database
  int max_databases = 8;
  int max_tenants = 1000;
  int text_buffer_kb = 512;  // per database

  // Flush worker.
  int flush_batch = 100;
  int flush_interval_ms = 5000;
  int retention_s = 7 * 24 * 3600;
  int store = kStoreEvents;
  int rollup_retention_s = 90 * 24 * 3600;
  int max_rollup_kinds = 10'000;

  // Streaming executor.
  int stream = kStreamAuto;

  // Continuous queries.
  int max_hold_age = 50'000'000;  // transactions
  int failures_until_broken = 10;
  int broken_pause_s = 600;
  int max_query_workers = 8;
  int max_queries = 1000;
  int min_lane_pages = 1024;

#ifdef WEIR_FAILPOINTS
  char *failpoint = const_cast<char *>("");
  int clock_shift_s = 0;
  bool check_skipped = false;
#endif
};

extern Settings settings;

// Called once, from _PG_init.
void DefineSettings();

}  // namespace weir
