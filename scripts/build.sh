#!/usr/bin/env bash
# Sets up, configures and builds one preset (default: release).
#
#   scripts/build.sh [release|dev|tsan] [ninja targets…]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
preset=${1:-release}
[ $# -gt 0 ] && shift
export FOLDPERF_VENV=${FOLDPERF_VENV:-$root/.venv}
"$root/scripts/setup.sh"
export PATH="$FOLDPERF_VENV/bin:$PATH"
cd "$root"
cmake --preset "$preset" -DFOLDPERF_VENV="$FOLDPERF_VENV"
cmake --build --preset "$preset" ${1:+--target "$@"}
