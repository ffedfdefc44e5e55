#!/usr/bin/env python3
"""clang-tidy over src/ (checks: .clang-tidy), many files of a room in one translation unit.

tidy.py [FILE...]   these files, or all of src/

Files are read together (units.py); a unit that does not compile is halved.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

import units

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-check"


def options(command):
    """What the compile command says about headers, definitions and the language."""
    kept = [w for w in command.split() if re.match(r"-(I|D|isystem|std|m)", w) or w.startswith("/usr/include")]
    return [*kept, "-Wno-everything"]


def examine(name, members, commands):
    """Output and whether nothing was found. A unit that does not compile is halved."""
    unit = BUILD / "tidy" / (name + ".cpp")
    unit.write_text("".join('#include "%s"  // NOLINT\n' % m for m in members))
    p = subprocess.run(["clang-tidy", "--quiet", "--warnings-as-errors=*", str(unit), "--",
                        *options(commands[members[0].parent.name])], cwd=ROOT, capture_output=True, text=True)
    if len(members) > 1 and "clang-diagnostic-error" in p.stdout:
        half = len(members) // 2
        first = examine(name + "a", members[:half], commands)
        second = examine(name + "b", members[half:], commands)
        return first[0] + second[0], first[1] and second[1]
    return p.stdout or (p.stderr if p.returncode else ""), p.returncode == 0


def main(arguments):
    database = BUILD / "compile_commands.json"
    if not database.exists():
        print("tidy: no %s; make tidy writes it" % database, file=sys.stderr)
        return 2
    commands = {}  # of one file of each room
    for entry in json.loads(database.read_text()):
        target = re.search(r"-o CMakeFiles/adjoint_?(\w*)\.dir/", entry["command"])
        if target:
            commands.setdefault(target.group(1) or "src", entry["command"])
    files = [pathlib.Path(a).resolve() for a in arguments] or [
        ROOT / f for f in subprocess.run(["git", "ls-files", "--", "src/*.cpp"], cwd=ROOT, capture_output=True, text=True,
                                         check=True).stdout.split()]
    (BUILD / "tidy").mkdir(exist_ok=True)
    groups = sorted(units.units(files), key=len, reverse=True)
    clean = True
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count()))) as pool:
        for output, good in pool.map(lambda g: examine("%d" % g[0], g[1], commands), enumerate(groups)):
            clean &= good
            if output.strip():
                print(output.strip(), flush=True)
    print("tidy: %d files in %d units%s" % (len(files), len(groups), "" if clean else ", not clean"))
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
