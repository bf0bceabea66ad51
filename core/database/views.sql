-- Views of a merged run, for people and their tools; foldperf's own programs do not read them. docs/run-database.md.

CREATE VIEW kernels AS
SELECT k.rank, k.start, k."end", k."end" - k.start AS ns, n.value AS name, d.value AS full_name, k.deviceId, k.streamId,
  k.gridX, k.gridY, k.gridZ, k.blockX, k.blockY, k.blockZ, k.correlationId, k.graphId, k.graphNodeId,
  c.start AS launch_start, c."end" AS launch_end, c.globalTid AS launch_thread
FROM CUPTI_ACTIVITY_KIND_KERNEL k
LEFT JOIN StringIds n ON n.id = k.shortName LEFT JOIN StringIds d ON d.id = k.demangledName
LEFT JOIN CUPTI_ACTIVITY_KIND_RUNTIME c ON c.correlationId = k.correlationId;

-- path: texts from the outermost range to the innermost; module: the innermost range of the category "module".
CREATE VIEW stack_paths AS
WITH RECURSIVE
  named AS (
    SELECT s.id, s.parent, s.rank, t.value AS text,
      EXISTS (SELECT 1 FROM NvtxCategories c JOIN StringIds i ON i.id = c.nameId AND i.value = 'module'
              WHERE c.rank = s.rank AND c.domainId = s.domainId AND c.category = s.category) AS is_module
    FROM range_stacks s LEFT JOIN StringIds t ON t.id = s.textId),
  paths(id, rank, path, module) AS (
    SELECT id, rank, text, CASE WHEN is_module THEN text END FROM named
    WHERE parent IS NULL OR parent NOT IN (SELECT id FROM range_stacks)
    UNION ALL
    SELECT n.id, n.rank, p.path || '/' || n.text, CASE WHEN n.is_module THEN n.text ELSE p.module END
    FROM paths p JOIN named n ON n.parent = p.id)
SELECT id, rank, path, module FROM paths;

-- replay: 1 for a graph's first launch. step: in which the launch was called; where steps are made of what the GPU did
-- (source 'pattern'), in which the first kernel began.
CREATE VIEW graph_launches AS
SELECT l.rank, l.graphId, l.correlationId, l.first_start,
  row_number() OVER (PARTITION BY l.rank, l.graphId ORDER BY l.first_start) AS replay,
  (SELECT s.step FROM step_ranges s WHERE s.rank = l.rank
    AND s.start <= CASE s.source WHEN 'pattern' THEN l.first_start ELSE COALESCE(c.start, l.first_start) END
    AND s."end" > CASE s.source WHEN 'pattern' THEN l.first_start ELSE COALESCE(c.start, l.first_start) END
    ORDER BY s.start DESC LIMIT 1) AS step
FROM (SELECT rank, graphId, correlationId, min(start) AS first_start FROM CUPTI_ACTIVITY_KIND_KERNEL
      WHERE graphNodeId IS NOT NULL GROUP BY rank, graphId, correlationId) l
LEFT JOIN CUPTI_ACTIVITY_KIND_RUNTIME c ON c.correlationId = l.correlationId;

-- Kernels of CUDA graphs under the ranges that were open when their node was captured.
CREATE VIEW graph_kernels AS
SELECT k.rank, k.start, k."end", t.value AS name, p.path AS stack, p.module, l.step, l.replay, k.graphId, k.graphNodeId,
  k.correlationId
FROM CUPTI_ACTIVITY_KIND_KERNEL k
JOIN graph_launches l ON l.rank = k.rank AND l.graphId IS k.graphId AND l.correlationId IS k.correlationId
LEFT JOIN StringIds t ON t.id = k.shortName
LEFT JOIN CUDA_GRAPH_NODE_EVENTS n ON n.graphNodeId = k.graphNodeId AND n.eventClass IN (2, 5)
LEFT JOIN CUDA_GRAPH_NODE_EVENTS o ON o.graphNodeId = COALESCE(n.originalGraphNodeId, k.graphNodeId) AND o.eventClass = 1
LEFT JOIN stack_paths p ON p.id = COALESCE(n.stackId, o.stackId)
WHERE k.graphNodeId IS NOT NULL;

-- GPU time by step and module: the innermost range of the category "module", else the innermost range, that was open at
-- the launch, or at the capture of a graph's node. NULL: no range is known.
CREATE VIEW module_time AS
SELECT k.rank, k.step, COALESCE(p.module, t.value) AS module, sum(k.calls) AS kernels, sum(k.total_ns) AS ns
FROM summary_kernels k
LEFT JOIN stack_paths p ON p.id = k.stackId
LEFT JOIN range_stacks r ON r.id = k.stackId LEFT JOIN StringIds t ON t.id = r.textId
GROUP BY 1, 2, 3;

-- NCCL numbers each operation of a communicator for itself. culprit: the rank that arrived last; waited_ns: how much earlier than it this rank came.
CREATE VIEW collectives_by_rank AS
SELECT c.rank, c.communicator, m.global_id, c.sequence_number, c.graph_replay, c.operation, c.bytes, c.start AS arrival,
  c."end", max(c.start) OVER same AS last_arrival, max(c.start) OVER same - c.start AS waited_ns,
  first_value(c.rank) OVER (PARTITION BY c.communicator, c.operation, c.sequence_number, c.graph_replay ORDER BY c.start DESC, c.rank)
    AS culprit,
  count(*) OVER same AS ranks
FROM collectives c
LEFT JOIN communicators m ON m.communicator = c.communicator AND m.rank = c.rank
WHERE c.sequence_number IS NOT NULL AND COALESCE(c.is_p2p, 0) = 0
WINDOW same AS (PARTITION BY c.communicator, c.operation, c.sequence_number, c.graph_replay);

-- cpus: CPUs that the process kept busy since the sample before.
CREATE VIEW host_load AS
SELECT rank, at,
  1.0 * (process_cpu_ns - lag(process_cpu_ns) OVER one) / NULLIF(at - lag(at) OVER one, 0) AS cpus,
  system_cpu_permille, run_queue, pressure_cpu_permille, pressure_io_permille, pressure_memory_permille,
  involuntary_switches - lag(involuntary_switches) OVER one AS involuntary_switches, rss_bytes,
  others_on_our_cores_permille
FROM host_samples WINDOW one AS (PARTITION BY rank ORDER BY at);

-- All that the run lacks.
CREATE VIEW dropped AS
SELECT rank, kind, reason, count FROM dropped_records
UNION ALL
SELECT rank, 'collector ' || name, COALESCE(NULLIF(detail, ''), state), NULL FROM collectors WHERE state <> 'on';
