#!/usr/bin/env python3
"""Awkward points at which tools return NaN or a wrong number: `adjoint eval` must be right, and warn only where due.

usage: robustness.py PROGRAM TABLE
"""
import json
import subprocess
import sys

import numpy as np


def main():
    program, table = sys.argv[1:3]
    lines = [l.rstrip("\n").split("\t") for l in open(table) if not l.startswith("#")]
    failed = 0
    for fields in lines[1:]:
        row = dict(zip(lines[0], fields))
        r = subprocess.run(
            [program, "eval", row["expr"], "--given", row["given"], "--wrt", row["wrt"], "--order", row["order"],
             "--at", row["at"], "--format", "json"], capture_output=True, text=True)
        try:
            answer = json.loads(r.stdout)
        except json.JSONDecodeError:
            print("FAIL", row["id"], r.stderr.strip())
            failed += 1
            continue
        right, got = np.array(json.loads(row["right"]), float), np.array(answer["derivative"], float)
        if got.shape != right.shape and right.ndim == 0:  # the largest entry stands for the array
            good = np.isclose(np.max(np.abs(got)), abs(right), rtol=1e-4)
        else:
            good = got.shape == right.shape and np.allclose(got, right, rtol=1e-5, atol=1e-12)
        warned = bool(answer["warnings"]) == (row["warning due"] == "true")
        failed += not (good and warned)
        print("ok  " if good and warned else "FAIL", row["id"], "" if good else answer["derivative"], answer["warnings"])
    print(f"{len(lines) - 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
