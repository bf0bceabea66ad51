#!/usr/bin/env bash
# Collects the built programs, the GPU tests, the scripts that measure the collector and the samples into a folder that
# runs on another machine whose Python has torch 2.11 for CUDA 13: a GPU node where nothing can be built or installed.
# For developers, in a second; what people install is scripts/package.sh's.
#
#   scripts/bundle.sh FOLDER [BUILD_FOLDER]        build folder: default build/release
#   there:  . FOLDER/env.sh && foldperf-train --preset tiny --data "$FOLDPERF_BUNDLE/samples" --set train.device=cuda
#           . FOLDER/env.sh && FOLDER/run_gpu_tests.sh
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,8p' "$0"; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(realpath -m -- "$1")
build=${2:-$root/build/release}
[ -x "$build/bin/foldperf-train" ] || { echo "bundle: $build/bin/foldperf-train is not built: run scripts/build.sh first" >&2; exit 1; }

# A mistyped path must not cost anyone's files: only what an earlier bundle put there is replaced.
if [ -e "$folder" ] && [ -n "$(ls -A -- "$folder")" ] && ! grep -qs '^FOLDPERF_BUNDLE=' "$folder/env.sh"; then
  echo "bundle: $folder holds something else than a bundle: give a new folder" >&2
  exit 1
fi
for part in bin tests samples source bench env.sh run_gpu_tests.sh; do rm -rf -- "${folder:?}/$part"; done
mkdir -p "$folder/bin" "$folder/tests"
cp -a "$build"/bin/. "$folder/bin/"
cp -a "$root/samples" "$folder/samples"
mkdir -p "$folder/bench" && cp -a "$root/bench/collector" "$folder/bench/"  # what recording costs and misses, measured there
mkdir -p "$folder/source/tests" && cp -a "$root/tests/data" "$folder/source/tests/"
# ctest knows which tests need a GPU; their commands are the test programs.
mapfile -t tests < <(cd "$build" && ctest -N -L gpu | sed -n 's/^ *Test *#[0-9]*: *//p')
for test in "${tests[@]}"; do cp -a "$build/tests/test_$test" "$folder/tests/"; done
find "$folder/bin" "$folder/tests" -type f -perm -u+x -exec strip --strip-debug {} + 2>/dev/null || true

cat > "$folder/env.sh" <<'ENV'
# Source this: puts the bundle's programs on PATH and the machine's torch on the loader's path.
FOLDPERF_BUNDLE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# As a release finds it (docs/installing.md): FOLDPERF_TORCH_DIR, the active environment, python3 on PATH.
FOLDPERF_LIBRARIES=$("$FOLDPERF_BUNDLE/bin/foldperf" doctor --torch-libraries) || return 1
LD_LIBRARY_PATH=$FOLDPERF_LIBRARIES${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
unset FOLDPERF_LIBRARIES
PATH=$FOLDPERF_BUNDLE/bin:$PATH
FOLDPERF_BIN_DIR=$FOLDPERF_BUNDLE/bin
FOLDPERF_SOURCE_DIR=$FOLDPERF_BUNDLE/source
export FOLDPERF_BUNDLE LD_LIBRARY_PATH PATH FOLDPERF_BIN_DIR FOLDPERF_SOURCE_DIR
ENV
cat > "$folder/run_gpu_tests.sh" <<'RUN'
#!/usr/bin/env bash
# Runs every GPU test of the bundle; fails if one fails or is skipped.
status=0
for test in "$(dirname "$0")"/tests/test_*; do
  output=$("$test" 2>&1) || status=1
  printf '%s\n' "$output" | grep -E '^\[  (PASSED|FAILED|SKIPPED)|Failure|error' | sed "s#^#$(basename "$test"): #"
  case $output in *'[  SKIPPED ]'*) status=1 ;; esac
done
exit $status
RUN
chmod +x "$folder/run_gpu_tests.sh"
du -sh "$folder" | sed 's/^/bundle: /'
