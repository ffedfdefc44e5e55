#!/usr/bin/env python3
"""NumPy programs, a JSON object a line, run at points and compared with what they must give.

usage: run_programs.py FILE   (prints a line for each problem)
"""
import json
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")
TOLERANCE = 1e-8


def array(shape, data):
    return np.array(data, float).reshape(shape, order="F")


def phase(name):
    return (1 + sum(name.encode()) % 7) / 5


def callables(name, scalar_argument, scalar_value):
    """The functions of tests that stand for abstract ones (app/sample.cpp)."""
    a = phase(name)
    if scalar_argument:
        found = {name: lambda t: np.sin(t + a) + t**2 / 4, name + "_prime": lambda t: np.cos(t + a) + t / 2,
                 name + "_second": lambda t: -np.sin(t + a) + 0.5}
        for order in range(3, 7):
            found[f"{name}_d{order}"] = lambda t, k=order: np.sin(t + a + k * np.pi / 2)
        return found
    w = lambda v: np.cos(a * np.arange(1, len(v) + 1))
    if scalar_value:
        return {name: lambda v: np.sin(w(v) @ v) + np.sum(v**3) / 3,
                name + "_grad": lambda v: np.cos(w(v) @ v) * w(v) + v**2,
                name + "_hess": lambda v: -np.sin(w(v) @ v) * np.outer(w(v), w(v)) + np.diag(2 * v)}
    return {}


def problem(space, run, case):
    arguments = {name: array(shape, data) for name, shape, data in run["arguments"]}
    for function in run.get("functions", []):
        arguments.update(callables(*function))
    arguments.update(run.get("sizes", {}))
    entry = space[case.get("entry", "program")]
    names = entry.__code__.co_varnames[: entry.__code__.co_argcount]
    written = lambda n: n if n in arguments else n[:-1]  # a keyword
    arguments = {n: arguments[written(n)] for n in names if written(n) in arguments}
    got = entry(**arguments)
    got = got if isinstance(got, tuple) else (got,)
    if len(got) != len(run["results"]):
        return f"{len(got)} results, not {len(run['results'])}"
    for k, expected in enumerate(run["results"]):
        if expected is None:
            continue
        right = array(*expected)
        result = np.asarray(got[k], float)
        if result.shape != right.shape:
            return f"result {k + 1} has shape {result.shape}, not {right.shape}"
        if not np.all(np.isfinite(result)):
            return f"result {k + 1} is {result.tolist()}"
        worst = np.max(np.abs(result - right), initial=0) / max(1.0, np.max(np.abs(right), initial=0))
        if not worst <= TOLERANCE:
            return f"result {k + 1} is off by {worst:.1e}"
    return ""


def main():
    failed = 0
    for line in open(sys.argv[1]):
        case = json.loads(line)
        try:
            space = {}
            exec(case["code"], space)
            found = [p for p in (problem(space, run, case) for run in case["runs"]) if p]
        except Exception as e:  # what cannot be run has failed
            first = case["code"].split("\n", 1)[0]
            found = [f"{type(e).__name__}: {str(e)[:200]}" + (f" {first}" if first.startswith("#") else "")]
        if found:
            failed += 1
            print(case["id"] + found[0])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
