#!/usr/bin/env bash
# Fuzzes the readers of input files by clang's libFuzzer, under the address and undefined-behaviour sanitizers.
#
#   scripts/fuzz.sh [SECONDS] [TARGET…]
#
# SECONDS is the time each target gets; default: such that all take an hour together. Targets are those of tests/fuzz
# (a3m, mmcif, …); default: all, one after the other. What was found interesting is kept in build/fuzz/corpus for the
# next run. Ends with 1 where an input crashed a reader, took longer than 25 seconds or more than 2 GiB, and prints where
# each such input is.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/fuzz
say() { printf 'fuzz: %s\n' "$*"; }
fail() { printf 'fuzz: %s\n' "$*" >&2; exit 2; }

seconds=
case ${1:-} in
  -h | --help) sed -n '2,9p' "$0"; exit 0 ;;
  '') ;;
  *[!0-9]*) ;;
  *) seconds=$1; shift ;;
esac

# The unversioned name, or the newest that Debian and Ubuntu name by version.
compiler=$(command -v clang++ || compgen -c clang++- | grep -E '^clang\+\+-[0-9]+$' | sort -t- -k2 -n | tail -1 || true)
[ -n "$compiler" ] || fail "no clang++ on PATH: install it (apt-get install clang), it brings libFuzzer"
printf '#include <cstdint>\n#include <cstddef>\nextern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t) { return 0; }\n' \
  | "$compiler" -fsanitize=fuzzer,address,undefined -x c++ - -o /dev/null 2>/dev/null \
  || fail "$compiler has no libFuzzer: install its runtime (apt-get install clang, or libclang-rt-<version>-dev)"

export FOLDPERF_VENV=${FOLDPERF_VENV:-$root/.venv}
"$root/scripts/setup.sh"
export PATH="$FOLDPERF_VENV/bin:$PATH"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER="$compiler" \
  -DFOLDPERF_VENV="$FOLDPERF_VENV" -DFOLDPERF_TORCH=OFF -DFOLDPERF_CUDA=OFF -DFOLDPERF_BENCHMARKS=OFF \
  -DFOLDPERF_SANITIZE=address,undefined -DFOLDPERF_LIBFUZZER=ON >/dev/null
cmake --build "$build" --target fuzz_targets

if [ $# -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(ls "$build/targets"); fi
for target in "${targets[@]}"; do
  [ -e "$build/targets/$target" ] || fail "no target $target; there are: $(ls "$build/targets" | tr '\n' ' ')"
done
: "${seconds:=$((3600 / ${#targets[@]}))}"

export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
found=()
for target in "${targets[@]}"; do
  { read -r program; read -r dictionary; mapfile -t seeds; } <"$build/targets/$target"
  corpus=$build/corpus/$target
  failures=$build/failures/$target
  log=$build/$target.log
  mkdir -p "$corpus" "$failures"
  # Seeds are given their content's name, as libFuzzer does, so that none takes another one's place.
  for seed in "${seeds[@]}"; do
    [ -n "$seed" ] && find "$seed" -type f -exec sh -c 'for file; do cp "$file" "$0/$(sha1sum <"$file" | cut -d" " -f1)"; done' "$corpus" {} +
  done
  say "$target: $seconds s"
  before=$(ls "$failures")
  if ! "$program" "$corpus" ${dictionary:+-dict="$dictionary"} -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 \
      -max_len=262144 -artifact_prefix="$failures/" -print_final_stats=1 >"$log" 2>&1; then
    mapfile -t new < <(comm -13 <(printf '%s\n' "$before") <(ls "$failures"))
    for input in "${new[@]}"; do found+=("$target: $failures/$input"); done
    [ ${#new[@]} -gt 0 ] || found+=("$target: ended without an input: see $log")
    say "$target: FAILED; its report is in $log"
  else
    say "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, $(ls "$corpus" | wc -l) in its corpus"
  fi
done

[ ${#found[@]} -eq 0 ] && exit 0
say "inputs that failed:" >&2
printf '  %s\n' "${found[@]}" >&2
say "run build/fuzz/tests/fuzz_<target> INPUT to see one fail again; mended, it belongs into tests/fuzz/corpus/<target>" >&2
exit 1
