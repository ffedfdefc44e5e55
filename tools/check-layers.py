#!/usr/bin/env python3
"""Checks what the compiler does not: includes between rooms point down (the `room(NAME below …)` lines of
CMakeLists.txt say where down is), files stay within 600 lines, and the names of concrete operations
appear only where operations are defined, read, written or matched by rules.
Prints each breach as FILE:LINE: message; exit status 1 if there is one."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST = 600

# Rooms and files that may name concrete operations, with the reason.
MAY_NAME_OPERATIONS = {
    "src/ops/": "where operations are defined",
    "src/notation/": "what is typed",
    "src/syntax/": "forms of the notation",
    "src/print/": "how trees are written; readings that the notation has a word for",
    "src/kernel/": "names of the kernel language",
    "src/run/": "routines of the kernel language",
    "src/eval/definitions": "routines of the kernel language, by definition",
    "src/simplify/rules": "rule table",
    "src/simplify/fused": "rule table",
    "src/analysis/": "rules of domain, bounds, limits and convexity",
    "src/derivation/": "names of rules, and how their formulas are written",
    "src/app/": "requests and options",
}

# Names of operations that are also plain words in other roles.
PLAIN_WORDS = {"sum", "product", "power", "max", "min", "sign"}


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True)
    paths = (ROOT / p for p in out.stdout.decode().split("\0") if p)
    return [p for p in paths if p.exists()]


def rooms():
    text = (ROOT / "CMakeLists.txt").read_text()
    found = {}
    for name, rest in re.findall(r"^room\((\w+)([^)]*)\)", text, re.M):
        below = re.search(r"\bbelow\b(.*?)(?:\bwith\b|$)", rest, re.S)
        found[name] = set(below.group(1).split()) if below else set()
    return found


def operation_names():
    names = set()
    for path in tracked("src/ops/*.cpp"):
        names |= set(re.findall(r'\bRecord (?:k\w+|r)\b[^;"]*"(\w+)"', path.read_text()))
    return names - PLAIN_WORDS


def main():
    breaches = []
    allowed = rooms()
    order = list(allowed)
    for room, below in allowed.items():
        for lower in below:
            if lower not in allowed or order.index(lower) >= order.index(room):
                breaches.append(f"CMakeLists.txt:1: room {room} may not stand on {lower}, which does not come before it")
    operations = operation_names()
    for path in tracked("src/*.cpp", "src/*.hpp", "include/*.hpp", "tests/*.cpp", "bench/*.cpp"):
        name = path.relative_to(ROOT).as_posix()
        lines = path.read_text().splitlines()
        if len(lines) > LONGEST:
            breaches.append(f"{name}:{LONGEST}: {len(lines)} lines; at most {LONGEST}")
        parts = name.split("/")
        if parts[0] != "src" or len(parts) < 3:
            continue
        room = parts[1]
        if room not in allowed:
            breaches.append(f"{name}:1: the room {room} is not in CMakeLists.txt")
            continue
        may_name = any(name.startswith(place) for place in MAY_NAME_OPERATIONS)
        for number, line in enumerate(lines, 1):
            include = re.match(r'\s*#\s*include\s+"(\w+)/', line)
            if include and include.group(1) != room and include.group(1) in allowed:
                if include.group(1) not in allowed[room]:
                    breaches.append(f"{name}:{number}: {room} may not include {include.group(1)}")
            if not may_name and not include:
                for word in re.findall(r'"(\w+)"', line.split("//")[0]):
                    if word in operations:
                        breaches.append(f'{name}:{number}: names the operation "{word}" outside ops, notation and rules')
    for breach in breaches:
        print(breach)
    print(f"{len(breaches)} breaches of the layers" if breaches else "layers: every include points down")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
