#!/usr/bin/env python3
"""The tables through a program that is built with sanitizers: every identity by one verb after the other, so that each row meets one
and each verb many rows. Only crashes and what a sanitizer says fail; what is answered is for the other tests.

usage: sanitized.py PROGRAM TABLE [--every K]   (exit status 1 where a command fails)
"""
import concurrent.futures
import itertools
import os
import subprocess
import sys

VERBS = [["derive"], ["check"], ["explain"], ["analyse"], ["derive", "--format", "json"], ["explain", "--format", "cpp"], ["codegen"],
         ["explain", "--format", "numpy", "--mode", "forward"], ["derive", "--steps"]]
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0",
               "UBSAN_OPTIONS": "print_stacktrace=1"}


def attempt(program, verb, row):
    command = [program, verb[0], row["expr"], "--given", row["given"], "--wrt", row["wrt"], *verb[1:]]
    try:
        r = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, env=ENVIRONMENT)
    except subprocess.TimeoutExpired:
        return f"{row['id']}: {' '.join(verb)} of {row['expr']} does not end within 300 s"
    if r.returncode in (0, 1, 2) and "runtime error" not in r.stderr and "Sanitizer" not in r.stderr:
        return None
    return f"{row['id']}: {' '.join(verb)} of {row['expr']} ended with status {r.returncode}:\n{r.stderr[-1500:]}"


def main():
    program, table = sys.argv[1:3]
    every = int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1
    lines = [l.rstrip("\n").split("\t") for l in open(table) if not l.startswith("#")]
    rows = [dict(zip(lines[0], l + [""] * 8)) for l in lines[1:] if l[0]][::every]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [f for f in pool.map(lambda p: attempt(program, *p), zip(itertools.cycle(VERBS), rows)) if f]
    for f in found:
        print("FAIL", f)
    print(f"{len(rows) - len(found)} of {len(rows)} rows without a word of the sanitizers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
