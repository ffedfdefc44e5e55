#!/usr/bin/env python3
"""Files of a room that can be read together, as one translation unit.

units.py ROOT ROOM   one line for each unit of src/ROOM: its files, separated by semicolons

Most of what compiling and linting cost is the headers. Up to BATCH files go together, none of which share a name in
their unnamed namespaces.
"""
import pathlib
import re
import sys

BATCH = 16
LOCAL = re.compile(r"(?:^|\s|[*&])([A-Za-z_]\w*)\s*(?:\(|\{|=|;|\[)")
TYPES = re.compile(r"^(?:struct|class|enum class|enum|using|union)\s+([A-Za-z_]\w*)")


def local_names(path):
    """What the file declares for itself, name to declaration; null where it must stay alone."""
    names, inside = {}, False
    for line in path.read_text().splitlines():
        if line == "namespace {":
            inside = True
        elif line.startswith("}  // namespace"):
            inside = False
        elif line.startswith("#pragma GCC"):
            return None  # holds for all that follows
        elif line.startswith(("using namespace", "#define")):
            names[line] = path
        elif line.startswith("using ") and "=" in line:
            names[TYPES.match(line).group(1)] = line  # an alias may be declared again
        elif (inside or line.startswith("static ")) and re.match(r"[A-Za-z_]", line):
            declared = TYPES.match(line) or LOCAL.search(line)
            if declared:
                names[declared.group(1)] = path
    return names


def units(files):
    """Groups of files of one room whose own names do not clash."""
    groups = []
    for path in files:
        names = local_names(path)
        if names is None:
            groups.append((None, {}, [path]))
            continue
        for room, taken, members in groups:
            if room == path.parent and len(members) < BATCH and all(taken.get(n, d) == d for n, d in names.items()):
                members.append(path)
                taken.update(names)
                break
        else:
            groups.append((path.parent, dict(names), [path]))
    return [members for _, _, members in groups]


if __name__ == "__main__":
    for unit in units(sorted((pathlib.Path(sys.argv[1]) / "src" / sys.argv[2]).glob("*.cpp"))):
        print(";".join(map(str, unit)))
