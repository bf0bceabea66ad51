#!/usr/bin/env bash
# Runs the two commands of the README in a bare Debian 12 tree, so that no missing install step can hide.
#
#   scripts/try_on_bare_debian.sh FOLDER [COMMAND…]      as root; default command: scripts/test.sh, then scripts/demo.sh
#
# Makes the tree with debootstrap (once; FOLDER/debian), clones the committed state of this checkout into it and runs the
# commands there in a chroot, as root, with nothing of this machine but its way to the package registries: apt's sources,
# pip's settings, certificates, name resolution. Needs debootstrap and about 20 GB.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,9p' "$0"; exit 2; }
[ "$(id -u)" -eq 0 ] || { echo "try_on_bare_debian: needs root (chroot)" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "try_on_bare_debian: missing: debootstrap (apt-get install debootstrap)" >&2; exit 1; }
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
shift
if [ $# -gt 0 ]; then command="$*"; else command="scripts/test.sh && scripts/demo.sh"; fi
tree=$folder/debian

if [ ! -e "$tree/.bare" ]; then
  mirror=$(apt-cache policy | grep -oE 'https?://[^ ]+' | grep -v security | head -1)
  debootstrap --variant=minbase bookworm "$tree" "${mirror:?no Debian mirror among the sources of apt}"
  touch "$tree/.bare"
fi

# The way to the registries, and no more.
rm -rf "$tree/etc/apt/sources.list" "$tree/etc/apt/sources.list.d" "$tree/etc/apt/apt.conf.d" "$tree/etc/apt/auth.conf.d"
cp -a /etc/apt/. "$tree/etc/apt/"
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf "$HOME/.netrc"; do
  if [ -e "$file" ]; then mkdir -p "$tree$(dirname "$file")"; cp -L --remove-destination "$file" "$tree$file"; fi
done
environment=(HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
while IFS='=' read -r name value; do
  environment+=("$name=$value")
  if [[ $value == /* && -e $value ]]; then mkdir -p "$tree$(dirname "$value")"; cp -aL --remove-destination "$value" "$tree$(dirname "$value")/"; fi
done < <(env | grep -E '^(PIP_[A-Z_]*|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)=' || true)
if [ -d /usr/local/share/ca-certificates ]; then cp -aL --remove-destination /usr/local/share/ca-certificates "$tree/usr/local/share/"; fi

rm -rf "$tree/home/foldperf"
git clone -q "$root" "$tree/home/foldperf"
echo "try_on_bare_debian: running in $tree: $command"
# A mount namespace of its own: the mounts go away with the command.
exec unshare --mount --fork bash -c '
  set -e
  mount --bind /proc "$0/proc"; mount --bind /sys "$0/sys"; mount --rbind /dev "$0/dev"
  exec chroot "$0" env -i "${@:2}" bash -c "cd /home/foldperf && $1"
' "$tree" "$command" "${environment[@]}"
