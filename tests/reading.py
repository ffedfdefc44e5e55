#!/usr/bin/env python3
"""Formulas that are hard to say in matrix notation: what is printed must be the derivative, and come soon.

usage: reading.py PROGRAM TABLE
"""
import concurrent.futures
import subprocess
import sys

SECONDS = 10  # far more than any needs, on a busy machine too


def failure(program, row):
    command = [program, "check", row["expr"], "--wrt", row["wrt"], "--given", row["given"], "--order", row["order"]]
    try:
        r = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "no answer"
    if r.returncode != 0 or "check passed" not in r.stdout:
        return (r.stdout + r.stderr).strip()
    formula = r.stdout.splitlines()[0]
    return "" if row["text"] in ("", formula) else f"printed {formula}\n  for {row['text']}"


def main():
    program, table = sys.argv[1:3]
    lines = [l.rstrip("\n").split("\t") for l in open(table) if not l.startswith("#")]
    rows = [dict(zip(lines[0], fields)) for fields in lines[1:]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failures = list(pool.map(lambda row: failure(program, row), rows))
    for row, why in zip(rows, failures):
        if why:
            print("FAIL", row["expr"], "in", row["wrt"], "\n ", why)
    failed = sum(map(bool, failures))
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
