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
  "$bin/foldperf-train" --config "$root/samples/demo.toml" --data "$root/samples" --output "$output" --overwrite
"$bin/foldperf" report "$output/demo.db"
"$bin/foldperf" report "$output/demo.db" --format html -o "$output/report.html"
# A few steps more with every ATen operator recorded: on a machine without GPU these are the kernels.
"$bin/foldperf" profile --overwrite -o "$output/operators.db" --name "tiny, every operator of 20 steps" -- \
  "$bin/foldperf-train" --config "$root/samples/demo.toml" --data "$root/samples" --output "$output/operators" --overwrite --quiet \
  --steps 20 --set profile.operators=true --set train.evaluate_at_start=false --set train.evaluate_at_end=false
"$bin/foldperf" report "$output/operators.db" --format html -o "$output/operators.html"
printf '\nThe same with pictures:        %s\nwith every operator, 20 steps: %s\nThe run database:              %s\n' \
  "$output/report.html" "$output/operators.html" "$output/demo.db"
