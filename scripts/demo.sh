#!/usr/bin/env bash
# From a fresh clone to a profile: sets up, builds, trains OpenFold's `tiny` preset on five real proteins on the CPU under
# the profiler, and prints where the time went. About five minutes after set-up and build on two cores.
#
#   scripts/demo.sh [OUTPUT_FOLDER]        default: runs/demo
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
output=${1:-$root/runs/demo}
"$root/scripts/build.sh" release foldperf foldperf-train foldperf_collector
mkdir -p "$output"
bin=$root/build/release/bin

"$bin/foldperf" profile --overwrite -o "$output/demo.db" --name "tiny on sample proteins" -- \
  "$bin/foldperf-train" --config "$root/samples/demo.toml" --data "$root/samples" --output "$output"
"$bin/foldperf" report "$output/demo.db"
"$bin/foldperf" report "$output/demo.db" --format html -o "$output/report.html"
printf '\nThe same with pictures: %s\nThe run database:       %s\n' "$output/report.html" "$output/demo.db"
