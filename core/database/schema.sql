-- Run database of foldperf, version 2 (PRAGMA user_version). Described for users in docs/run-database.md.
--
-- Tables in CAPITALS or CamelCase carry Nsight Systems' names and columns, so that people's SQL works on them, plus
-- `rank`. Times are int64 nanoseconds from the run's start (runs.start_utc_ns). A file of one process and a merged run
-- have the same schema. At merge, ids that joins use (correlationId, rangeId, string ids, communicator ids) are made
-- unique over ranks; the id as the process knew it stays in the raw_* column beside it.

CREATE TABLE META_DATA_EXPORT (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;

CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT NOT NULL);

-- Raw events ------------------------------------------------------------------------------------------------------

CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, deviceId INTEGER, contextId INTEGER, greenContextId INTEGER,
  streamId INTEGER, correlationId INTEGER, globalPid INTEGER, demangledName INTEGER, shortName INTEGER,
  mangledName INTEGER, launchType INTEGER, cacheConfig INTEGER, registersPerThread INTEGER,
  gridX INTEGER, gridY INTEGER, gridZ INTEGER, blockX INTEGER, blockY INTEGER, blockZ INTEGER,
  staticSharedMemory INTEGER, dynamicSharedMemory INTEGER, localMemoryPerThread INTEGER, localMemoryTotal INTEGER,
  gridId INTEGER, sharedMemoryExecuted INTEGER, graphNodeId INTEGER, graphId INTEGER, sharedMemoryLimitConfig INTEGER,
  rank INTEGER NOT NULL,
  raw_correlationId INTEGER GENERATED ALWAYS AS (correlationId & 1099511627775) VIRTUAL);

CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY (
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, deviceId INTEGER, contextId INTEGER, greenContextId INTEGER,
  streamId INTEGER, correlationId INTEGER, globalPid INTEGER, bytes INTEGER, copyKind INTEGER, srcKind INTEGER,
  dstKind INTEGER, srcDeviceId INTEGER, srcContextId INTEGER, dstDeviceId INTEGER, dstContextId INTEGER,
  graphNodeId INTEGER, graphId INTEGER, rank INTEGER NOT NULL,
  raw_correlationId INTEGER GENERATED ALWAYS AS (correlationId & 1099511627775) VIRTUAL);

CREATE TABLE CUPTI_ACTIVITY_KIND_MEMSET (
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, deviceId INTEGER, contextId INTEGER, greenContextId INTEGER,
  streamId INTEGER, correlationId INTEGER, globalPid INTEGER, value INTEGER, bytes INTEGER, graphNodeId INTEGER,
  graphId INTEGER, memKind INTEGER, rank INTEGER NOT NULL,
  raw_correlationId INTEGER GENERATED ALWAYS AS (correlationId & 1099511627775) VIRTUAL);

-- Runtime and driver API.
CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, eventClass INTEGER, globalTid INTEGER, correlationId INTEGER,
  nameId INTEGER, returnValue INTEGER, callchainId INTEGER, rank INTEGER NOT NULL,
  raw_correlationId INTEGER GENERATED ALWAYS AS (correlationId & 1099511627775) VIRTUAL);

CREATE TABLE CUPTI_ACTIVITY_KIND_SYNCHRONIZATION (
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, deviceId INTEGER, contextId INTEGER, greenContextId INTEGER,
  streamId INTEGER, correlationId INTEGER, globalPid INTEGER, syncType INTEGER, eventSyncId INTEGER,
  eventId INTEGER, rank INTEGER NOT NULL,
  raw_correlationId INTEGER GENERATED ALWAYS AS (correlationId & 1099511627775) VIRTUAL);

CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE (
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, deviceId INTEGER, contextId INTEGER, greenContextId INTEGER,
  streamId INTEGER, correlationId INTEGER, globalPid INTEGER, graphId INTEGER, graphExecId INTEGER,
  rank INTEGER NOT NULL,
  raw_correlationId INTEGER GENERATED ALWAYS AS (correlationId & 1099511627775) VIRTUAL);

-- eventType: 34 mark, 59 push/pop, 60 start/end. `end` is NULL where the program ended inside the range.
-- category is the number as the program gave it; its name is in NvtxCategories. domainId joins NvtxDomains.
CREATE TABLE NVTX_EVENTS (
  start INTEGER NOT NULL, "end" INTEGER, eventType INTEGER NOT NULL, rangeId INTEGER, category INTEGER, color INTEGER,
  text TEXT, globalTid INTEGER, endGlobalTid INTEGER, textId INTEGER, domainId INTEGER,
  uint64Value INTEGER, int64Value INTEGER, doubleValue REAL, uint32Value INTEGER, int32Value INTEGER, floatValue REAL,
  jsonTextId INTEGER, jsonText TEXT, binaryData BLOB, rank INTEGER NOT NULL, raw_rangeId INTEGER);

-- In a file of one process: the ranges open at its last commit, replaced at each (same columns, textId always NULL).
-- The merger moves those of a killed process into NVTX_EVENTS, so the table is empty in a merged run.
CREATE TABLE nvtx_open (
  start INTEGER NOT NULL, "end" INTEGER, eventType INTEGER NOT NULL, rangeId INTEGER, category INTEGER, color INTEGER,
  text TEXT, globalTid INTEGER, endGlobalTid INTEGER, textId INTEGER, domainId INTEGER,
  uint64Value INTEGER, int64Value INTEGER, doubleValue REAL, uint32Value INTEGER, int32Value INTEGER, floatValue REAL,
  jsonTextId INTEGER, jsonText TEXT, binaryData BLOB, rank INTEGER NOT NULL, raw_rangeId INTEGER);

CREATE TABLE NvtxDomains (rank INTEGER NOT NULL, domainId INTEGER NOT NULL, nameId INTEGER,
  PRIMARY KEY (rank, domainId)) WITHOUT ROWID;
CREATE TABLE NvtxCategories (rank INTEGER NOT NULL, domainId INTEGER NOT NULL, category INTEGER NOT NULL,
  nameId INTEGER, PRIMARY KEY (rank, domainId, category)) WITHOUT ROWID;
CREATE TABLE ThreadNames (rank INTEGER NOT NULL, globalTid INTEGER NOT NULL, nameId INTEGER, priority INTEGER);
CREATE TABLE NvtxResources (rank INTEGER NOT NULL, domainId INTEGER, identifierType INTEGER, identifier INTEGER,
  nameId INTEGER);

CREATE TABLE TARGET_INFO_GPU (
  vmId INTEGER, id INTEGER, name TEXT, busLocation TEXT, isDiscrete INTEGER, l2CacheSize INTEGER, totalMemory INTEGER,
  memoryBandwidth INTEGER, clockRate INTEGER, smCount INTEGER, uuid TEXT, cuDevice INTEGER, computeMajor INTEGER,
  computeMinor INTEGER, rank INTEGER NOT NULL);
CREATE TABLE TARGET_INFO_CUDA_DEVICE (gpuId INTEGER, cudaId INTEGER, pid INTEGER, uuid TEXT,
  numMultiprocessors INTEGER, rank INTEGER NOT NULL);

-- What Nsight has not ---------------------------------------------------------------------------------------------

-- One row: the run. state: running, finished, killed (a process left no end).
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, name TEXT, command TEXT, working_directory TEXT, start_utc_ns INTEGER NOT NULL,
  end_utc_ns INTEGER, exit_code INTEGER, state TEXT NOT NULL, foldperf_version TEXT NOT NULL);

-- One row a profiled process. rank is -1 in a process that has none and 0 after merging where it is the only one.
-- offset_ns was added to this process' times to bring them to the run's clock.
CREATE TABLE ranks (
  rank INTEGER NOT NULL, world_size INTEGER, host TEXT, pid INTEGER NOT NULL, command TEXT, start_utc_ns INTEGER NOT NULL,
  end_utc_ns INTEGER, state TEXT NOT NULL, cpu_model TEXT, cpu_count INTEGER, memory_bytes INTEGER, os TEXT,
  offset_ns INTEGER NOT NULL DEFAULT 0, source_file TEXT, clock_residual_ns INTEGER, level TEXT, graph_mode TEXT,
  redacted INTEGER, PRIMARY KEY (host, pid, start_utc_ns)) WITHOUT ROWID;

-- Facts that programs hand over (docs/facts.md), and the time of the mark.
CREATE TABLE steps (rank INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, samples INTEGER);
CREATE TABLE batches (
  rank INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, chain TEXT, length INTEGER, crop INTEGER,
  alignment_depth INTEGER, preparation_ns INTEGER, preparation_json TEXT, queue_wait_ns INTEGER);
CREATE TABLE metrics (
  rank INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, name TEXT NOT NULL, value REAL, split TEXT,
  chain TEXT);
CREATE TABLE workloads (
  rank INTEGER NOT NULL, at INTEGER NOT NULL, globalTid INTEGER, kernel TEXT NOT NULL, shape TEXT, dtype TEXT,
  bytes INTEGER, flops INTEGER, exponentials INTEGER, configuration TEXT, chosen TEXT, graphNodeId INTEGER);
-- A communicator of each rank in it; ranks that share one (same global_id) have the same id in a merged run.
CREATE TABLE communicators (
  rank INTEGER NOT NULL, communicator INTEGER NOT NULL, global_id TEXT, name TEXT, size INTEGER,
  rank_in_communicator INTEGER, raw_communicator INTEGER);
CREATE TABLE collectives (
  rank INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER, communicator INTEGER NOT NULL, sequence_number INTEGER,
  operation TEXT, bytes INTEGER, dtype TEXT, algorithm TEXT, protocol TEXT, channels INTEGER, correlationId INTEGER,
  id INTEGER, graph_replay INTEGER, gpu_start INTEGER, gpu_ns INTEGER, peer INTEGER, root INTEGER, is_p2p INTEGER,
  enqueued INTEGER, globalTid INTEGER, stackId INTEGER, raw_communicator INTEGER,
  raw_correlationId INTEGER GENERATED ALWAYS AS (correlationId & 1099511627775) VIRTUAL);

-- NVTX ranges that were open together, as a tree: a stack is named by its innermost range. What a CUDA graph's node or a
-- collective was enqueued under.
CREATE TABLE range_stacks (
  rank INTEGER NOT NULL, id INTEGER NOT NULL, parent INTEGER, textId INTEGER, domainId INTEGER, category INTEGER,
  int64Value INTEGER);
-- eventClass: 1 made, 2 cloned into an executable graph, 3 destroyed, 4 instantiated, 5 a clone by order, not told.
-- graphNodeId is a small number of ours; CUDA's is in raw_graphNodeId.
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
-- Time that CUPTI itself took.
CREATE TABLE CUPTI_ACTIVITY_KIND_OVERHEAD (
  start INTEGER NOT NULL, "end" INTEGER, eventClass INTEGER, globalTid INTEGER, correlationId INTEGER, nameId INTEGER,
  overheadType INTEGER, rank INTEGER NOT NULL);
CREATE TABLE memory_events (
  rank INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT, address INTEGER, bytes INTEGER, poolSize INTEGER,
  deviceId INTEGER, streamId INTEGER, correlationId INTEGER, globalTid INTEGER, nameId INTEGER);
CREATE TABLE environment (
  rank INTEGER NOT NULL, at INTEGER NOT NULL, deviceId INTEGER, sm_clock_mhz INTEGER, memory_clock_mhz INTEGER,
  throttle_reasons INTEGER, power_mw INTEGER, temperature_c INTEGER, fan_percent INTEGER);
-- Channels of collectives (level full only), and what NCCL's proxy thread waited for. gpu_* are the GPU's own clock.
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
-- When events were recorded, where that was not always: what lies between is unknown, not idle.
CREATE TABLE windows (rank INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER, reason TEXT);

-- Made by the merge.
-- source: fact, nvtx, pattern; confidence: 0 to 1.
CREATE TABLE step_ranges (rank INTEGER NOT NULL, step INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  source TEXT NOT NULL, confidence REAL);
-- Kernels added up; stackId: of the ranges open at the launch, or at the capture of a graph's node.
CREATE TABLE summary_kernels (rank INTEGER NOT NULL, step INTEGER, stackId INTEGER, nameId INTEGER,
  calls INTEGER NOT NULL, total_ns INTEGER NOT NULL, min_ns INTEGER, max_ns INTEGER);
-- What a timeline draws in a row, and, at level L, what lies in each bucket of 4^L ns of it.
CREATE TABLE timeline_tracks (
  track INTEGER PRIMARY KEY, rank INTEGER NOT NULL, kind TEXT NOT NULL, globalPid INTEGER, deviceId INTEGER,
  contextId INTEGER, streamId INTEGER, globalTid INTEGER, depth INTEGER, rows INTEGER NOT NULL,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, busy_ns INTEGER NOT NULL, finest_level INTEGER NOT NULL,
  coarsest_level INTEGER NOT NULL);
CREATE TABLE timeline_lod (
  track INTEGER NOT NULL, level INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  busy_ns INTEGER NOT NULL, rows INTEGER NOT NULL, longestTable INTEGER, longestRow INTEGER,
  PRIMARY KEY (track, level, start)) WITHOUT ROWID;
-- How the times of a rank were brought to those of the first one, besides its offset_ns in ranks.
CREATE TABLE clock_fit (rank INTEGER NOT NULL, offset_ns INTEGER NOT NULL, drift_ppb INTEGER NOT NULL,
  residual_ns INTEGER, anchors INTEGER NOT NULL);

-- What a collector could not keep, by kind of record and reason.
CREATE TABLE dropped_records (rank INTEGER NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL);
-- What each collector could and could not do in each process ("nvtx", "cupti", "nccl").
CREATE TABLE collectors (rank INTEGER NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, detail TEXT);
