#!/usr/bin/env bash
# clang-tidy over src/ with the compile commands of build/ (checks: .clang-tidy).
#   tools/tidy.sh             all of src/
#   tools/tidy.sh --changed   the files that differ from the branch point with origin/main, where that is
#                             known, and otherwise those of the last commit
set -euo pipefail
cd "$(dirname "$0")/.."
files() { git ls-files -- 'src/*.cpp'; }
if [[ "${1:-}" == --changed ]]; then
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [[ -z "$base" || "$base" == "$(git rev-parse HEAD)" ]]; then
    base=$(git rev-parse -q --verify HEAD~1 || git rev-parse HEAD)
  fi
  files() { git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp'; }
fi
[[ -f build/compile_commands.json ]] || { echo "tidy: no build/compile_commands.json; run make build first" >&2; exit 2; }
files | xargs -r -P "${JOBS:-$(nproc)}" -n 4 clang-tidy -p build --quiet --warnings-as-errors='*' 2> >(grep -v 'warnings\? generated' >&2)
