"""Whether the collectives of all ranks of a data-parallel program are recorded, joined, and told who came late.

    two_ranks.py [--foldperf PATH] [--ranks N] [--level L] [--backend gloo] [--one-gpu] [--keep FOLDER] [VARIANT…]

Runs programs/ddp_straggler.py under `foldperf profile`, with as many GPUs as ranks (--one-gpu: they take turns on the
first), in variants: `even`, `sleep` (the last rank's loader sleeps), `busy` (others take the last rank's cores), `graph` (a
captured all-reduce, replayed). Prints what is in the run database and ends with 1 where a collective lacks a rank, an end
or its GPU time, where a sleeping rank is not the one that came last, or where a replay has lost the ranges of its capture.
gloo tells no collectives: the ranges only."""
import argparse
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile

program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "ddp_straggler.py")
sleep_ms = 30
replays = 20


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def record(options, run, arguments):
    command = [options.foldperf, "profile", "-o", run, "--overwrite", "--level", options.level, "--step-range", "step", "--",
               sys.executable, "-m", "torch.distributed.run", "--nnodes", "1", "--nproc-per-node", str(options.ranks),
               "--master-addr", "127.0.0.1", "--master-port", str(free_port()), program, "--backend", options.backend,
               "--steps", str(options.steps)] + ["--one-gpu"] * options.one_gpu + arguments
    finished = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in finished.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        sys.exit(f"{' '.join(command)} gave no result:\n{finished.stdout[-2000:]}{finished.stderr[-4000:]}")
    return json.loads(lines[-1][len("RESULT "):])


class Check:
    def __init__(self):
        self.good = True

    def that(self, condition, text):
        print(("ok      " if condition else "WRONG   ") + text, flush=True)
        self.good &= bool(condition)




def check_ranges(rows, options, check):
    steps = rows(f"""SELECT n.rank, count(*) FROM NVTX_EVENTS n JOIN StringIds s ON s.id = n.textId
                     WHERE s.value = 'step' GROUP BY n.rank""")
    check.that(len(steps) == options.ranks and all(count == options.steps for _, count in steps),
               f"each of {options.ranks} ranks has {options.steps} steps: {steps}")
    waits = rows("""SELECT n.rank, n.end - n.start FROM NVTX_EVENTS n JOIN StringIds s ON s.id = n.textId
                    WHERE s.value = 'data_wait'""")
    for rank in sorted({rank for rank, _ in waits}):
        wait = statistics.median(ns for other, ns in waits if other == rank)
        print(f"        rank {rank}: median wait for data {wait / 1e6:.2f} ms")


def check_collectives(rows, options, check):
    print("        collectors:", rows("SELECT DISTINCT name, state, detail FROM collectors WHERE name = 'nccl'"))
    print("        communicators:", rows("SELECT global_id, name, max(size), count(*) FROM communicators GROUP BY global_id"))
    total, = rows("SELECT count(*), count(\"end\"), count(gpu_ns), count(stackId) FROM collectives WHERE is_p2p = 0")
    print(f"        collectives, with end, with GPU time, with ranges: {total}")
    check.that(total[0] > options.steps * options.ranks, "there is at least one collective a step and rank")
    check.that(total[1] == total[0], "every collective has an end")
    check.that(total[2] == total[0], "every collective has its time on the GPU")
    apart = rows(f"""SELECT m.global_id, c.operation, c.sequence_number, c.graph_replay, count(DISTINCT c.rank), count(*),
                            max(m.size) FROM collectives c
                     JOIN communicators m ON m.communicator = c.communicator AND m.rank = c.rank WHERE c.is_p2p = 0
                     GROUP BY c.communicator, c.operation, c.sequence_number, c.graph_replay
                     HAVING count(DISTINCT c.rank) <> max(m.size) OR count(*) <> max(m.size)""")
    check.that(not apart, f"every collective is joined over all of its ranks; not joined: {apart[:5]}")
    for row in rows("""SELECT operation, dtype, bytes, algorithm, protocol, channels, count(*), min(gpu_ns) / 1e3,
                              avg(gpu_ns) / 1e3 FROM collectives GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 7 DESC LIMIT 8"""):
        print("        {} {} {} B {} {} {} channels: {} times, GPU at least {:.1f} µs, mean {:.1f} µs".format(*row))
    print("        dropped:", rows("SELECT kind, reason, sum(count) FROM dropped_records GROUP BY 1, 2"))


def late_ranks(rows):
    """Of the first collective of each step: how often each rank came last, and milliseconds that the others waited."""
    first = rows("""WITH of_step AS (
                      SELECT c.communicator, c.sequence_number, c.operation, c.graph_replay, min(c.start) AS start, s.step
                      FROM collectives c JOIN step_ranges s ON s.rank = c.rank AND c.start BETWEEN s.start AND s.end
                      WHERE c.is_p2p = 0 AND c.rank = (SELECT min(rank) FROM step_ranges) GROUP BY s.step)
                    SELECT c.communicator, c.sequence_number, c.graph_replay, c.rank, c.start FROM collectives c
                    JOIN of_step f USING (communicator, sequence_number, operation, graph_replay) ORDER BY f.step""")
    arrivals = {}
    for communicator, number, replay, rank, start in first:
        arrivals.setdefault((communicator, number, replay), []).append((start, rank))
    last, waited = {}, []
    for ranks in arrivals.values():
        ranks.sort()
        last[ranks[-1][1]] = last.get(ranks[-1][1], 0) + 1
        waited.append((ranks[-1][0] - ranks[0][0]) / 1e6)
    return last, waited


def check_late(rows, options, variant, check):
    last, waited = late_ranks(rows)
    check.that(waited, "collectives are found in steps")
    if not waited:
        return
    print(f"        last to arrive at a step's first collective, by rank: {last}; waited: median "
          f"{statistics.median(waited):.3f} ms")
    if variant == "sleep":
        culprit = options.ranks - 1
        check.that(last.get(culprit, 0) >= 0.9 * len(waited), f"rank {culprit}, which slept, came last in 9 of 10 steps")
        check.that(statistics.median(waited) >= 0.5 * sleep_ms, f"the others waited for it, of {sleep_ms} ms that it slept")


def check_replays(rows, options, check):
    found = rows("""WITH RECURSIVE path(id, text) AS (
                      SELECT r.id, s.value FROM range_stacks r JOIN StringIds s ON s.id = r.textId
                      WHERE coalesce(r.parent, 0) = 0
                      UNION ALL SELECT r.id, p.text || '/' || s.value FROM range_stacks r
                      JOIN StringIds s ON s.id = r.textId JOIN path p ON p.id = r.parent)
                    SELECT c.rank, count(*), min(graph_replay), max(graph_replay), p.text FROM collectives c
                    LEFT JOIN path p ON p.id = c.stackId WHERE graph_replay > 0 GROUP BY c.rank, p.text""")
    check.that(len(found) == options.ranks and
               all(count == replays and (first, last) == (1, replays) and "captured/all_reduce" in (text or "")
                   for _, count, first, last, text in found),
               f"each rank has {replays} replays, with the ranges of the capture: {found}")


def check_cores(rows):
    for row in rows("""SELECT rank, count(*), avg(others_on_our_cores_permille) / 10.0, max(run_queue) FROM host_samples
                       GROUP BY rank"""):
        print(f"        rank {row[0]}: {row[1]} samples of the host, others on its cores {row[2] or 0:.1f}%")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--foldperf", default="foldperf")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--level", default="kernels")
    parser.add_argument("--backend", choices=["nccl", "gloo"], default="nccl")
    parser.add_argument("--one-gpu", action="store_true", help="all ranks on the first GPU, over NCCL's sockets")
    parser.add_argument("--keep", help="a folder for the run databases")
    parser.add_argument("variant", nargs="*", default=[])
    options = parser.parse_args()
    late = str(options.ranks - 1)
    variants = {"even": [], "sleep": ["--sleep-rank", late, "--sleep-ms", str(sleep_ms)], "busy": ["--busy-neighbour", late],
                "graph": ["--graph-replays", str(replays)]}
    chosen = options.variant or [name for name in variants if name != "graph" or options.backend == "nccl"]
    check = Check()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        os.makedirs(folder, exist_ok=True)
        for variant in chosen:
            if variant not in variants:
                sys.exit(f"unknown variant {variant}; there are {', '.join(variants)}")
            run = os.path.join(folder, variant + ".db")
            print(f"{variant}: {json.dumps(record(options, run, variants[variant]))}")
            with sqlite3.connect(f"file:{run}?mode=ro", uri=True) as database:
                rows = lambda sql: database.execute(sql).fetchall()
                check_ranges(rows, options, check)
                if options.backend == "nccl":
                    check_collectives(rows, options, check)
                    check_late(rows, options, variant, check)
                    if variant == "graph":
                        check_replays(rows, options, check)
                check_cores(rows)
    sys.exit(0 if check.good else 1)


if __name__ == "__main__":
    main()
