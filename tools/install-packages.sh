#!/usr/bin/env bash
# Installs the Debian packages of the named groups that are missing; does nothing when none is.
#   tools/install-packages.sh build test bench fuzz docs
# Where it may not install, it prints the one command that would and exits with status 1.
set -euo pipefail

declare -A packages=(
  [build]="g++ make cmake ninja-build ccache lld libeigen3-dev libopenblas-dev liblapacke-dev libfmt-dev
           libcli11-dev nlohmann-json3-dev libjemalloc-dev libboost-dev
           libmpfr-dev graphviz"
  [test]="libgtest-dev librapidcheck-dev clang-format clang-tidy python3 python3-mpmath
           python3-numpy python3-scipy"
  [bench]="libbenchmark-dev"
  [fuzz]="clang libclang-rt-dev"
  [docs]="chromium"
)

missing=()
for group in "${@:-build}"; do
  if [[ -z "${packages[$group]:-}" ]]; then
    echo "install-packages: unknown group '$group'; groups: ${!packages[*]}" >&2
    exit 2
  fi
  for package in ${packages[$group]}; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

refuse() {
  echo "install-packages: $1. Missing: ${missing[*]}" >&2
  echo "This command installs them:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
}

command -v apt-get >/dev/null || refuse "there is no apt-get here"
sudo=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null && sudo -n true 2>/dev/null || refuse "only root may install packages"
  sudo=(sudo)
fi
echo "install-packages: installing ${missing[*]}"
"${sudo[@]}" apt-get update -qq || refuse "apt-get update failed"
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
  refuse "apt-get could not install"
