#!/usr/bin/env bash
# clang-tidy over src/ with the compile commands of build-check/ (checks: .clang-tidy).
#   tools/tidy.sh [FILE...]   these files, or all of src/
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ ! -f build-check/compile_commands.json ]]; then
  echo "tidy: no build-check/compile_commands.json; make tidy writes it" >&2
  exit 2
fi
if [[ $# -eq 0 ]]; then
  mapfile -t files < <(git ls-files -- 'src/*.cpp')
  set -- "${files[@]}"
fi
printf '%s\0' "$@" |
  xargs -0 -r -P "${JOBS:-$(nproc)}" -n 4 clang-tidy -p build-check --quiet --extra-arg=-Wno-everything --warnings-as-errors='*' \
    2> >(grep -Ev 'warnings? (generated|treated)|^[0-9]+ warnings?' >&2)
