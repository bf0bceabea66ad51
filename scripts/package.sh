#!/usr/bin/env bash
# Makes a release: a tarball that is installed by unpacking it anywhere, without root, on a machine with an equal or newer
# C library and PyPI's torch of the same version in any Python environment (docs/installing.md).
#
#   scripts/package.sh [FOLDER [BUILD_FOLDER]]     default: dist, build/release
#
# Prints what each program needs of the machine. Needs what scripts/setup.sh installs.
set -euo pipefail
shopt -s inherit_errexit
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mkdir -p "${1:-$root/dist}" && cd "${1:-$root/dist}" && pwd)
build=${2:-$root/build/release}
fail() { printf 'package: %s\n' "$*" >&2; exit 1; }

for part in foldperf foldperf-train libfoldperf_collector.so; do
  [ -e "$build/bin/$part" ] || fail "$build/bin/$part is not built: run scripts/build.sh first"
done
cmake=$(PATH="${FOLDPERF_VENV:-$root/.venv}/bin:$PATH" command -v cmake) || fail "cmake is missing: run scripts/setup.sh"
version=$("$build/bin/foldperf" --version | sed 's/^foldperf //')
name=foldperf-$version-linux-$(uname -m)

stage=$(mktemp -d)
trap 'rm -rf -- "$stage"' EXIT
tree=$stage/$name
mkdir -p "$tree"/{bin,libexec,lib/gcc,share/foldperf,licences}
cp "$root"/scripts/release/foldperf "$root"/scripts/release/foldperf-train "$tree/bin/"
cp "$root/scripts/release/check_c_library.sh" "$tree/libexec/"
cp "$build/bin/foldperf" "$build/bin/foldperf-train" "$tree/libexec/"
cp "$build/bin/libfoldperf_collector.so" "$tree/lib/"
cp -r "$root/samples" "$root/docs" "$root/README.md" "$root/LICENSE" "$tree/"

# The C++ library is every Linux machine's, but may be older than ours: foldperf-train then takes this one.
for library in libstdc++.so.6 libgcc_s.so.1; do
  path=$(ldd "$build/bin/foldperf-train" | sed -n "s#.*$library => \([^ ]*\) .*#\1#p")
  [ -e "$path" ] || fail "ldd does not say where $library is"
  cp -L "$path" "$tree/lib/gcc/"
done
strip --strip-unneeded "$tree"/libexec/foldperf "$tree"/libexec/foldperf-train "$tree"/lib/*.so

# No path of this machine stays in a program.
for program in foldperf foldperf-train; do
  printf 'file(RPATH_REMOVE FILE "%s")\n' "$tree/libexec/$program" > "$stage/rpath.cmake"
  "$cmake" -P "$stage/rpath.cmake"
done

# What is linked into the programs or goes with them, and its licence.
for package in zlib1g-dev libsqlite3-dev libprotobuf-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev gemmi-dev \
    tao-pegtl-dev libstdc++6; do
  [ -e "/usr/share/doc/$package/copyright" ] || fail "the licence of $package is missing: /usr/share/doc/$package/copyright"
  cp -L "/usr/share/doc/$package/copyright" "$tree/licences/$package.txt"
done
for licence in /usr/share/common-licenses/{GPL-3,LGPL-2.1,MPL-2.0}; do
  if [ -e "$licence" ]; then cp -L "$licence" "$tree/licences/"; fi
done

# The highest version of PREFIX that a file asks for: highest GLIBC FILE.
highest() {
  objdump -T "$2" | sed -nE "s/.*[ (]$1_([0-9.]+).*/\1/p" | sort -uV | tail -n 1
}
needs() {  # over all programs
  local file; for file in "$tree"/libexec/foldperf* "$tree"/lib/*.so; do highest "$1" "$file"; done | sort -uV | tail -n 1
}
# By names of their own: a failure inside another command's words would not end the script.
glibc=$(needs GLIBC)
glibcxx=$(needs GLIBCXX)
[ -n "$glibc" ] && [ -n "$glibcxx" ] || fail "objdump does not say which C and C++ library the programs need"
printf 'GLIBC %s\nGLIBCXX %s\n' "$glibc" "$glibcxx" > "$tree/share/foldperf/needs.txt"

# What the programs load must be promised: the C and C++ libraries, torch and the CUDA runtime that comes with it.
for file in "$tree"/libexec/foldperf "$tree"/libexec/foldperf-train "$tree"/lib/*.so; do
  libraries=$(objdump -p "$file" | sed -n 's/^ *NEEDED *//p')
  while read -r library; do
    case $library in
      libc.so.6|libm.so.6|ld-linux*|libstdc++.so.6|libgcc_s.so.1|libtorch*.so|libc10*.so|libcudart.so.13) ;;
      *) fail "$(basename "$file") would need $library on the other machine: link it statically" ;;
    esac
  done <<< "$libraries"
  glibc=$(highest GLIBC "$file")
  glibcxx=$(highest GLIBCXX "$file")
  printf 'package: %-26s glibc %s%s\n' "$(basename "$file")" "$glibc" "${glibcxx:+, libstdc++ GLIBCXX_$glibcxx}"
done

# The same files give the same tarball, whatever the umask.
tar -C "$stage" --mode='u+rw,go=rX' --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 \
  --format=%ct 2>/dev/null || date +%s)}" -cf - "$name" | gzip -n -9 > "$folder/$name.tar.gz.part"
mv "$folder/$name.tar.gz.part" "$folder/$name.tar.gz"
du -h "$folder/$name.tar.gz" | sed 's/^/package: /'
