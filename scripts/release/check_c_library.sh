# Read by the launchers: says in one line what the dynamic linker would say in many.
needed=$(sed -n 's/^GLIBC //p' "$prefix/share/foldperf/needs.txt")
found=$(getconf GNU_LIBC_VERSION 2>/dev/null)
found=${found#glibc }
if [ -n "$found" ] && [ "$(printf '%s\n%s\n' "$needed" "$found" | sort -V | head -n 1)" != "$needed" ]; then
  echo "foldperf: the C library of this machine is glibc $found, and this release needs $needed or later:" \
    "use it on a newer system, in a container of one, or build foldperf here from its source (docs/installing.md)" >&2
  exit 4
fi
