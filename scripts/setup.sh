#!/usr/bin/env bash
# Installs everything foldperf needs to build and run, on Debian 12 (package names hold on Ubuntu 24.04 too; not tried).
#
#   scripts/setup.sh            as root, or as a user with sudo
#
# System packages come by apt, and torch, cmake, ninja and (where the machine has no nvcc 13) the CUDA compiler by pip,
# into a Python environment in .venv. Set FOLDPERF_VENV to put that elsewhere. Running it again does only what is missing.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
venv=${FOLDPERF_VENV:-$root/.venv}

packages=(
  g++ git ca-certificates ccache binutils python3 python3-venv
  libsqlite3-dev zlib1g-dev
  libcli11-dev nlohmann-json3-dev libtomlplusplus-dev
  gemmi-dev tao-pegtl-dev  # Gemmi parses CIF with PEGTL, which its package does not depend on
  protobuf-compiler libprotobuf-dev  # TensorBoard's events
  libgloo-dev
  libgtest-dev libgmock-dev
)

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed'; }

install_packages() {
  command -v dpkg-query >/dev/null || fail "this is not Debian or Ubuntu (no dpkg): install these packages by hand: ${packages[*]}"
  local missing=() package
  for package in "${packages[@]}"; do installed "$package" || missing+=("$package"); done
  if [ ${#missing[@]} -eq 0 ]; then say "system packages: all there"; return; fi
  say "system packages to install: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "missing packages: ${missing[*]}. Run as root, or install sudo"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq || fail "apt-get update failed; missing packages: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null \
    || fail "apt-get could not install: ${missing[*]}"
  for package in "${missing[@]}"; do installed "$package" || fail "still missing after installation: $package"; done
}

# nvcc of CUDA 13 on this machine, if any: prints its path. The same order as in cmake/FindNvcc.cmake.
system_nvcc() {
  local nvcc
  for nvcc in "$(command -v "${CUDACXX:-nvcc}" || true)" "$(command -v nvcc || true)" /usr/local/cuda/bin/nvcc; do
    if [ -x "$nvcc" ] && "$nvcc" --version | grep -q 'release 13\.'; then echo "$nvcc"; return 0; fi
  done
  return 1
}

# Installs a requirements file unless the very same file was installed before.
install_requirements() {
  local stamp="$venv/.installed-$(basename "$1")"
  if cmp -s "$1" "$stamp"; then say "Python packages of $(basename "$1"): all there"; return; fi
  say "Python packages of $(basename "$1"): installing into $venv (some minutes: torch brings 2.5 GB of CUDA libraries)"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$1" \
    || fail "pip could not install $(basename "$1")"
  cp "$1" "$stamp"
}

install_python() {
  # pip comes last: where it is missing, making the environment was interrupted, and making it again completes it.
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv "$venv" \
    || fail "python3 -m venv failed: is python3-venv installed? Is $venv the place for it?"
  "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or later is needed"
  install_requirements "$root/scripts/requirements.txt"
  if nvcc=$(system_nvcc); then
    say "CUDA compiler: $nvcc"
  else
    install_requirements "$root/scripts/requirements-cuda-compiler.txt"
  fi
  "$venv/bin/python" -c 'import torch; print("setup: torch", torch.__version__)' || fail "torch cannot be loaded from $venv"
}

install_packages
install_python
say "done"
