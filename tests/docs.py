#!/usr/bin/env python3
"""Golden documents: every command shown in the documents is run, and what it prints compared with the text under it.

usage: docs.py PROGRAM FILE... [--refresh]   (exit status 1 where a text is out of date)

An indented line `$ adjoint …` is a command as a shell reads it; the indented lines below are all that it prints, on both streams, where
a line that is only `…` stands for any number of lines. Errors that rounding makes, such as 2.2e-09, match any number written that way.
An indented line `adjoint …` without the dollar shows a command alone; it is run and must succeed. `--refresh` writes what is printed now
into the documents: a text without `…` whole, else as many lines as there were, from where they fit best.
"""
import difflib
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

OMITTED = "…"


def same(a, b):
    def plain(line):
        return re.sub(r"\b\d(\.\d+)?e-\d\d\b", "0e-00", line.rstrip())
    return plain(a) == plain(b)


def indented(line):
    return line.startswith("    ")


def examples(lines):
    """(index of the command, command, first line of its output, line after it)."""
    k = 0
    while k < len(lines):
        if not lines[k].startswith("    $ adjoint "):
            k += 1
            continue
        command = lines[k][6:]
        begin = end = k + 1
        while end < len(lines) and (not lines[end].strip() or indented(lines[end])) and not lines[end].startswith("    $ "):
            end += 1
        while end > begin and not lines[end - 1].strip():
            end -= 1
        yield k, command, begin, end
        k = end


def run(program, command):
    words = shlex.split(command)
    with tempfile.TemporaryDirectory() as folder:
        r = subprocess.run([program, *words[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, cwd=folder)
    if r.returncode < 0 or r.returncode > 2:
        raise RuntimeError(f"{command} ended with status {r.returncode}")
    return r.returncode, [line.rstrip() for line in r.stdout.rstrip("\n").split("\n")]


def segments(shown):
    """The runs of lines between omissions."""
    runs = [[]]
    for line in shown:
        if line.strip() == OMITTED:
            runs.append([])
        else:
            runs[-1].append(line)
    return runs


def fits(run, printed, at):
    return at + len(run) <= len(printed) and all(map(same, run, printed[at:at + len(run)]))


def matches(shown, printed):
    runs = segments(shown)
    if len(runs) == 1:
        return len(shown) == len(printed) and fits(shown, printed, 0)
    if not fits(runs[0], printed, 0) or not fits(runs[-1], printed, len(printed) - len(runs[-1])):
        return False
    at, last = len(runs[0]), len(printed) - len(runs[-1])
    for run in runs[1:-1]:
        at = next((k + len(run) for k in range(at, last - len(run) + 1) if fits(run, printed, k)), None)
        if at is None:
            return False
    return at <= last


def likeness(run, printed, at):
    return sum(difflib.SequenceMatcher(None, a, b).ratio() for a, b in zip(run, printed[at:at + len(run)]))


def refreshed(shown, printed):
    """What is printed now, with omissions where they were."""
    runs = segments(shown)
    if len(runs) == 1:
        return printed
    out, at = [], 0
    for k, run in enumerate(runs):
        left = sum(map(len, runs[k + 1:]))
        places = range(at, max(at, len(printed) - left - len(run)) + 1)
        start = 0 if k == 0 else len(printed) - len(run) if k + 1 == len(runs) else max(places, key=lambda p: likeness(run, printed, p))
        if k > 0:
            out.append(" " * (len(shown[len(out)]) - len(shown[len(out)].lstrip())) + OMITTED if len(out) < len(shown) else OMITTED)
        out += printed[start:start + len(run)]
        at = start + len(run)
    return out


def main():
    arguments = [a for a in sys.argv[1:] if a != "--refresh"]
    refresh = len(arguments) < len(sys.argv) - 1
    program, files = str(pathlib.Path(arguments[0]).resolve()), [pathlib.Path(a) for a in arguments[1:]]
    count = stale = 0
    for path in files:
        lines = path.read_text().split("\n")
        for k, command, begin, end in reversed(list(examples(lines))):
            count += 1
            shown = [line[4:] for line in lines[begin:end]]
            printed = run(program, command)[1]
            if matches(shown, printed):
                continue
            now = refreshed(shown, printed)
            stale += 1
            print(f"{path}:{k + 1}: {'refreshed' if refresh else 'out of date'}: {command}")
            print("\n".join(difflib.unified_diff(shown, now, "in the document", "printed now", lineterm="", n=1)))
            if refresh:
                lines[begin:end] = [("    " + line).rstrip() for line in now]
        for k, line in enumerate(lines):
            if line.startswith("    adjoint ") and not line.startswith("    adjoint sheet "):
                count += 1
                status, printed = run(program, line.strip())
                if status != 0:
                    stale += 1
                    print(f"{path}:{k + 1}: {line.strip()} has status {status}:", *printed, sep="\n")
        if refresh:
            path.write_text("\n".join(lines))
    print(f"{count} commands in {len(files)} documents, {stale} {'refreshed' if refresh else 'out of date'}")
    return 1 if stale and not refresh else 0


if __name__ == "__main__":
    sys.exit(main())
