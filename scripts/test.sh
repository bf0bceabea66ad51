#!/usr/bin/env bash
# Sets up, builds and runs every test. A machine without a GPU will do: GPU tests then say that they were skipped.
#
#   scripts/test.sh [ctest arguments…]
#   FOLDPERF_PRESET=dev scripts/test.sh    the same under the address and undefined-behaviour sanitizers
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
preset=${FOLDPERF_PRESET:-release}
"$root/scripts/build.sh" "$preset"
export PATH="${FOLDPERF_VENV:-$root/.venv}/bin:$PATH"
cd "$root"
ctest --preset "$preset" --parallel "$(nproc)" "$@"
