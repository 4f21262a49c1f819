#!/bin/sh
# Makes the base image of the session image from this Debian machine's own package sources, for places where no
# image registry can be reached. Needs root, docker and mmdebstrap (or debootstrap).
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

# The address of the first Debian archive among the sources, whatever their format.
archive() {
  sources | xargs cat | sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' | head -n 1
}

if command -v mmdebstrap >/dev/null; then
  mkdir "$work/authorities"
  trust_local_authorities "$work/authorities"
  # shellcheck disable=SC2046 -- one argument for each file of sources
  mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --include=ca-certificates \
    --setup-hook="cp -R '$work/authorities/.' \"\$1/\"" \
    --customize-hook='chroot "$1" update-ca-certificates >/dev/null' \
    "$VERSION_CODENAME" "$tarball" $(sources)
elif command -v debootstrap >/dev/null; then
  debootstrap --variant=minbase --include=ca-certificates "$VERSION_CODENAME" "$work/root" "$(archive)" >&2
  trust_local_authorities "$work/root"
  chroot "$work/root" update-ca-certificates >/dev/null
  tar -C "$work/root" -cf "$tarball" .
else
  echo 'Neither mmdebstrap nor debootstrap is installed. Install one: apt-get install mmdebstrap' >&2
  exit 1
fi

docker import --change 'CMD ["bash"]' "$tarball" "$image" >/dev/null
echo "$image"
