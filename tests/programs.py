#!/usr/bin/env python3
"""Every case of identities.tsv: the forward and the reverse program, run as NumPy, against the closed form.

usage: programs.py PROGRAM TABLE [ID ...]   (exit status 1 where a case fails)
"""
import re
import sys

import numpy as np

import identities as base


def arguments_of(function, values):
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    return {base.key(k): v for k, v in values.items() if base.key(k) in names}


def close(a, b):
    a, b = np.asarray(a, float).reshape(-1), np.asarray(b, float).reshape(-1)
    return a.size == b.size and np.linalg.norm(a - b) <= 1e-10 * max(1.0, np.linalg.norm(b))


def check(program, row, sizes, seed):
    rng = np.random.default_rng(seed)
    given = [d.strip() for d in row["given"].split(";") if d.strip()]
    domains = dict(re.fullmatch(r"(\w+) in (.+)", d).groups() for d in given if " in " in d)
    options = ["--given", row["given"], "--wrt", row["wrt"], "--format", "json"]
    closed = base.run(program, "derive", row["expr"], *options)
    explained = base.run(program, "explain", row["expr"], *options)
    space = base.module(closed["code"]["numpy"])
    forward = base.module(explained["forward"]["numpy"])["program"]
    reverse = base.module(explained["reverse"]["numpy"])["program"]
    values = base.inputs(given, sizes, rng)
    w = row["wrt"]
    x = values[w]
    h = base.direction(domains[w], np.shape(x), rng)
    value = space["function"](**arguments_of(space["function"], values))
    u = rng.standard_normal(np.shape(value)) if np.ndim(value) else 1.0
    problems = []
    d = space["derivative"]
    if "->" in closed["formula"]["text"]:
        moved = d(**arguments_of(d, {**values, "H": h}))
        back = space["adjoint"](**arguments_of(space["adjoint"], {**values, "U": u}))
    else:
        array = np.asarray(d(**arguments_of(d, values)), float)
        if np.ndim(value) == 0:
            moved, back = np.sum(array.reshape(np.shape(h)) * h), array
        elif np.ndim(x) == 0:
            moved, back = array * h, np.sum(array * u)
        else:
            moved, back = array @ h.reshape(-1), array.T @ np.reshape(u, -1)
    got = forward(**arguments_of(forward, {**values, "d" + w: h}))
    if not close(got[0], value) or not close(got[1], moved):
        problems.append("the forward program differs from the closed form")
    got = reverse(**arguments_of(reverse, {**values, "ubar" if "u" in values else "u": u}))
    if not close(got[0], value) or not close(got[1], back):
        problems.append("the reverse program differs from the closed form")
    if np.shape(got[1]) != np.shape(x):
        problems.append(f"the adjoint has shape {np.shape(got[1])}, the variable {np.shape(x)}")
    return problems


def attempt(program, row, sizes, seed):
    """Some cases hold only for tall or only for wide matrices, some only for small numbers: another draw then."""
    problems = []
    for swap in (False, True):
        for scale in (1.0, 0.4):
            s = {**sizes, "n": sizes["p"], "p": sizes["n"]} if swap else sizes
            base.inputs.scale = scale
            try:
                with np.errstate(all="raise", under="ignore"):
                    problems = check(program, row, s, seed)
            except (np.linalg.LinAlgError, FloatingPointError) as e:
                problems = [f"{type(e).__name__}: {e}"]
                continue
            if not problems:
                return []
    return problems


def main():
    program, table, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
    lines = [l.rstrip("\n") for l in open(table) if not l.startswith("#")]
    names = lines[0].split("\t")
    rows = [dict(zip(names, l.split("\t") + [""] * 8)) for l in lines[1:] if l]
    if wanted:
        rows = [r for r in rows if any(r["id"].startswith(w) for w in wanted)]
    failed = 0
    for row in rows:
        try:
            problems = attempt(program, row, dict(n=5, p=3, m=4, q=6, d=2, k=3), 1)
        except Exception as e:  # a case that cannot be run has failed
            problems = [f"{type(e).__name__}: {str(e)[:300]}"]
        if problems:
            failed += 1
            print(row["id"], row["expr"], "FAILED:", "; ".join(problems))
    print(f"{len(rows) - failed} of {len(rows)} cases: forward and reverse programs agree with the closed form")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
