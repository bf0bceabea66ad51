ALTER TABLE CUPTI_ACTIVITY_KIND_MEMCPY ADD COLUMN graphId INTEGER;
ALTER TABLE CUPTI_ACTIVITY_KIND_MEMSET ADD COLUMN graphId INTEGER;
ALTER TABLE CUPTI_ACTIVITY_KIND_SYNCHRONIZATION ADD COLUMN eventId INTEGER;
ALTER TABLE ranks ADD COLUMN clock_residual_ns INTEGER;
ALTER TABLE ranks ADD COLUMN level TEXT;
ALTER TABLE ranks ADD COLUMN graph_mode TEXT;
ALTER TABLE ranks ADD COLUMN redacted INTEGER;
ALTER TABLE collectives ADD COLUMN id INTEGER;
ALTER TABLE collectives ADD COLUMN graph_replay INTEGER;
ALTER TABLE collectives ADD COLUMN gpu_start INTEGER;
ALTER TABLE collectives ADD COLUMN gpu_ns INTEGER;
ALTER TABLE collectives ADD COLUMN peer INTEGER;
ALTER TABLE collectives ADD COLUMN root INTEGER;
ALTER TABLE collectives ADD COLUMN is_p2p INTEGER;
ALTER TABLE collectives ADD COLUMN enqueued INTEGER;
ALTER TABLE collectives ADD COLUMN globalTid INTEGER;
ALTER TABLE collectives ADD COLUMN stackId INTEGER;
CREATE TABLE range_stacks (
  rank INTEGER NOT NULL, id INTEGER NOT NULL, parent INTEGER, textId INTEGER, domainId INTEGER, category INTEGER,
  int64Value INTEGER);
CREATE TABLE CUDA_GRAPH_NODE_EVENTS (
  start INTEGER NOT NULL, "end" INTEGER, eventClass INTEGER, globalTid INTEGER, nameId INTEGER, graphNodeId INTEGER,
  originalGraphNodeId INTEGER, graphId INTEGER, originalGraphId INTEGER, nodeType INTEGER, stackId INTEGER,
  rank INTEGER NOT NULL, raw_graphNodeId INTEGER);
CREATE TABLE CUDA_GRAPH_EVENTS (
  start INTEGER NOT NULL, "end" INTEGER, eventClass INTEGER, globalTid INTEGER, nameId INTEGER, graphId INTEGER,
  originalGraphId INTEGER, graphExecId INTEGER, rank INTEGER NOT NULL);
CREATE TABLE CUPTI_ACTIVITY_KIND_CUDA_EVENT (
  deviceId INTEGER, contextId INTEGER, streamId INTEGER, correlationId INTEGER, globalPid INTEGER, eventId INTEGER,
  eventSyncId INTEGER, timestamp INTEGER, rank INTEGER NOT NULL);
CREATE TABLE CUPTI_ACTIVITY_KIND_OVERHEAD (
  start INTEGER NOT NULL, "end" INTEGER, eventClass INTEGER, globalTid INTEGER, correlationId INTEGER, nameId INTEGER,
  overheadType INTEGER, rank INTEGER NOT NULL);
CREATE TABLE memory_events (
  rank INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT, address INTEGER, bytes INTEGER, poolSize INTEGER,
  deviceId INTEGER, streamId INTEGER, correlationId INTEGER, globalTid INTEGER, nameId INTEGER);
CREATE TABLE environment (
  rank INTEGER NOT NULL, at INTEGER NOT NULL, deviceId INTEGER, sm_clock_mhz INTEGER, memory_clock_mhz INTEGER,
  throttle_reasons INTEGER, power_mw INTEGER, temperature_c INTEGER, fan_percent INTEGER);
CREATE TABLE collective_channels (
  rank INTEGER NOT NULL, collective INTEGER NOT NULL, channel INTEGER, start INTEGER, "end" INTEGER,
  gpu_start INTEGER, gpu_end INTEGER);
CREATE TABLE proxy_waits (
  rank INTEGER NOT NULL, collective INTEGER NOT NULL, channel INTEGER, peer INTEGER, is_send INTEGER, state TEXT,
  ns INTEGER, steps INTEGER);
CREATE TABLE host_samples (
  rank INTEGER NOT NULL, at INTEGER NOT NULL, process_cpu_ns INTEGER, system_cpu_permille INTEGER, run_queue INTEGER,
  pressure_cpu_permille INTEGER, pressure_io_permille INTEGER, pressure_memory_permille INTEGER,
  page_cache_bytes INTEGER, voluntary_switches INTEGER, involuntary_switches INTEGER, rss_bytes INTEGER,
  others_on_our_cores_permille INTEGER);
CREATE TABLE host_cores (rank INTEGER NOT NULL, at INTEGER NOT NULL, core INTEGER NOT NULL, busy_permille INTEGER,
  ours_permille INTEGER);
CREATE TABLE counter_samples (rank INTEGER NOT NULL, at INTEGER NOT NULL, deviceId INTEGER, metric TEXT, value REAL);
CREATE TABLE counter_windows (rank INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER, interval_ns INTEGER,
  state TEXT);
CREATE TABLE windows (rank INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER, reason TEXT);

CREATE TABLE step_ranges (rank INTEGER NOT NULL, step INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  source TEXT NOT NULL, confidence REAL);
CREATE TABLE clock_fit (rank INTEGER NOT NULL, offset_ns INTEGER NOT NULL, drift_ppb INTEGER NOT NULL,
  residual_ns INTEGER, anchors INTEGER NOT NULL);
CREATE TABLE summary_kernels (rank INTEGER NOT NULL, step INTEGER, stackId INTEGER, nameId INTEGER,
  calls INTEGER NOT NULL, total_ns INTEGER NOT NULL, min_ns INTEGER, max_ns INTEGER);
CREATE TABLE timeline_tracks (
  track INTEGER PRIMARY KEY, rank INTEGER NOT NULL, kind TEXT NOT NULL, globalPid INTEGER, deviceId INTEGER,
  contextId INTEGER, streamId INTEGER, globalTid INTEGER, depth INTEGER, rows INTEGER NOT NULL,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, busy_ns INTEGER NOT NULL, finest_level INTEGER NOT NULL,
  coarsest_level INTEGER NOT NULL);
CREATE TABLE timeline_lod (
  track INTEGER NOT NULL, level INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  busy_ns INTEGER NOT NULL, rows INTEGER NOT NULL, longestTable INTEGER, longestRow INTEGER,
  PRIMARY KEY (track, level, start)) WITHOUT ROWID;
