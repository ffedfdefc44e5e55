#!/usr/bin/env python3
"""Limits with known values from textbooks and test suites of computer algebra: at least 95 of 100 are to be
answered, and none falsely.

usage: limits_table.py PROGRAM TABLE [--all]
"""
import json
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import mpmath

mpmath.mp.dps = 30
NAMES = {
    "log": mpmath.log, "exp": mpmath.exp, "sqrt": mpmath.sqrt, "sin": mpmath.sin, "cos": mpmath.cos,
    "tan": mpmath.tan, "asin": mpmath.asin, "acos": mpmath.acos, "atan": mpmath.atan, "tanh": mpmath.tanh,
    "sinh": mpmath.sinh, "cosh": mpmath.cosh, "pi": mpmath.pi, "min": min, "max": max, "abs": abs,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "where": lambda c, a, b: a if c else b, "sign": mpmath.sign,
}


def number(text, values):
    """The value of a scalar formula; None where it is none."""
    code = re.sub(r"(?<![\w.])(\d+)(?![\w.(])", r"mpf(\1)", text.replace("^", "**"))
    try:
        return mpmath.mpf(eval(code, {"__builtins__": {}, "mpf": mpmath.mpf}, {**NAMES, **values}))
    except (NameError, SyntaxError, TypeError, ValueError):
        return None


def same(found, expected, given):
    if found in expected.split(" or "):
        return True
    names = set(re.findall(r"[A-Za-z_]\w*", found + " " + expected)) - set(NAMES)
    for seed in range(3):
        rng = random.Random(seed)
        values = {n: mpmath.mpf(rng.uniform(1.1, 2) if f"{n} > 1" in given else rng.uniform(0.2, 0.9)) for n in names}
        a, b = number(found, values), number(expected, values)
        if a is None or b is None or abs(a - b) > 1e-12 * (1 + abs(b)):
            return False
    return True


def asked(program, row):
    function, target, given, expected = row[:4]
    command = [program, "limit", function, "--as", target, "--format", "json"]
    command += ["--given", given] if given else []
    try:
        r = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except subprocess.TimeoutExpired:
        return "no answer", "more than 10 s"
    if r.returncode == 0:
        found = json.loads(r.stdout)["limit"]["value"]
        return ("right" if expected not in ("none", "undefined") and same(found, expected, given) else "FALSE"), found
    says = r.stderr.strip()
    if r.returncode == 2:
        return ("right" if expected == "undefined" else "FALSE"), says
    if r.returncode == 1 and "there is no limit" in says:
        return ("right" if expected == "none" else "FALSE"), says
    if r.returncode == 1 and "the limit is not known" in says:
        return "no answer", says
    return "FALSE", says or f"status {r.returncode}"  # an internal error, a crash


def main():
    program, table = sys.argv[1:3]
    with open(table, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("#")]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda row: asked(program, row), rows))
    count = {"right": 0, "no answer": 0, "FALSE": 0}
    for row, (verdict, says) in zip(rows, results):
        count[verdict] += 1
        if verdict != "right" or "--all" in sys.argv:
            print(f"{verdict}: {row[0]}   {row[1]}   {row[2]}\n    {says}\n    known: {row[3]}")
    print(f"{len(rows)} limits: {count['right']} right, {count['no answer']} without an answer, {count['FALSE']} false")
    return 0 if count["FALSE"] == 0 and count["right"] >= 0.95 * len(rows) and len(rows) >= 200 else 1


if __name__ == "__main__":
    sys.exit(main())
