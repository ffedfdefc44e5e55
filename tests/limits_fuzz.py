#!/usr/bin/env python3
"""Random limits against values in many digits near the point: a claim that they refute is made smaller and printed.

usage: limits_fuzz.py PROGRAM [--count N] [--seed S]
"""
import argparse
import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import mpmath

mpmath.mp.dps = 400
FUNCTIONS = {"exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
             "atan": mpmath.atan, "tanh": mpmath.tanh, "sinh": mpmath.sinh, "abs": abs, "erf": mpmath.erf, "log1p": mpmath.log1p,
             "expm1": mpmath.expm1, "asin": mpmath.asin, "sign": mpmath.sign, "relu": lambda x: max(x, mpmath.mpf(0)),
             "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "cosh": mpmath.cosh}
NORMS = {"norm([{}; {}],1)": lambda x, y: abs(x) + abs(y), "norm([{}; {}])": lambda x, y: mpmath.sqrt(x * x + y * y),
         "norm([{}; {}],3)": lambda x, y: mpmath.cbrt(abs(x) ** 3 + abs(y) ** 3), "norm([{}; {}],inf)": lambda x, y: max(abs(x), abs(y)),
         "logsumexp([{}; {}])": lambda x, y: max(x, y) + mpmath.log1p(mpmath.exp(-abs(x - y)))}
BOUNDED = ["sin", "cos", "tanh", "atan", "erf", "sigmoid"]
GROWING = ["exp", "sinh", "cosh"]
TARGETS = ["0", "inf", "1", "-inf"]
POINTS = {"0": mpmath.mpf(0), "1": mpmath.mpf(1), "pi/2": mpmath.pi / 2}


def tree(rng, depth):
    """A formula as nested tuples in t and the positive number a."""
    if depth == 0 or rng.random() < 0.12:
        return rng.choice(["t", "t", "t", "t", "a", "1", "2", "3"])
    kind = rng.random()
    if kind < 0.42:
        return (rng.choice(list(FUNCTIONS)), tree(rng, depth - 1))
    if kind < 0.92:
        return (rng.choice("+-*/"), tree(rng, depth - 1), tree(rng, depth - 1))
    return ("^", tree(rng, depth - 1), rng.choice(["2", "3", "t", "a"]))


def composed(rng):
    """A formula and a target of the kinds that trees seldom are: bounded of growing, poles within, norms of arrays."""
    small = tree(rng, rng.choice([0, 1, 2]))
    kind = rng.random()
    if kind < 0.25:
        wave = (rng.choice(BOUNDED + ["tan"]), (rng.choice(GROWING), rng.choice(["t", ("^", "t", "2"), ("*", "a", "t")])))
        return (rng.choice("*/+"), wave, small), rng.choice(["inf", "-inf"])
    pole = rng.choice([("tan", "t"), ("/", small, ("cos", "t"))])
    factor = rng.choice([("cos", "t"), ("^", ("cos", "t"), "2"), "1", small])
    if kind < 0.5:
        return ("*", (rng.choice(BOUNDED), ("+", pole, small)), factor), "pi/2"
    if kind < 0.75:
        return ("*", (rng.choice(list(NORMS)), pole, small), factor), "pi/2"
    other = tree(rng, 1)
    factor = rng.choice(["t", "t", other])
    one, two = ((rng.choice(list(NORMS)), ("*", factor, small), ("*", factor, "a")) for _ in range(2))
    return ("/", one, two), rng.choice(TARGETS)


def text(e):
    if isinstance(e, str):
        return e
    if e[0] in NORMS:
        return e[0].format(text(e[1]), text(e[2]))
    if len(e) == 2:
        return f"{e[0]}({text(e[1])})"
    return f"({text(e[1])}{e[0]}{text(e[2])})"


def value(e, t, a):
    """A real number, or an exception."""
    if isinstance(e, str):
        return {"t": t, "a": a}.get(e) or mpmath.mpf(0 if e in "ta" else e)
    x = value(e[1], t, a)
    if len(e) == 2:
        if abs(x) > 1e8 and e[0] in ("exp", "sinh", "cosh", "expm1", "tanh", "sigmoid", "erf"):
            raise OverflowError
        if abs(x) > 1e300 and e[0] in ("sin", "cos", "tan"):
            raise OverflowError
        y = FUNCTIONS[e[0]](x)
    else:
        y2 = value(e[2], t, a)
        y = NORMS[e[0]](x, y2) if e[0] in NORMS else {"+": lambda: x + y2, "-": lambda: x - y2, "*": lambda: x * y2, "/": lambda: x / y2, "^": lambda: x ** y2}[e[0]]()
    if isinstance(y, mpmath.mpc) or not mpmath.isfinite(y):
        raise ValueError
    return y


def points(target, side):
    for k in (3, 6, 10, 15, 20, 30):
        step = mpmath.mpf(10) ** -k
        if target == "inf":
            yield 1 / step
        elif target == "-inf":
            yield -1 / step
        else:
            yield POINTS[target] + side * step


def refuted(e, target, claim, a, number):
    """Whether values settle away from the claim, on one of the sides that it speaks of."""
    for side in (1, -1) if target in POINTS else (1,):
        seen = []
        for t in points(target, side):
            try:
                seen.append(value(e, t, a))
            except (ValueError, OverflowError, ZeroDivisionError, MemoryError, mpmath.libmp.NoConvergence):
                pass
        if len(seen) < 3:
            continue
        x, y, z = seen[-3:]
        if claim in ("inf", "-inf"):
            settled = abs(z - y) <= abs(y - x) and abs(z - y) <= 0.003 * abs(z) and abs(y - x) <= 0.01 * abs(z) and z != 0
            if settled or z * (1 if claim == "inf" else -1) < 0 and abs(z) > abs(y) > abs(x) > 1:
                return True
            continue
        gap = abs(z - number)
        if gap > 1e-10 * (1 + abs(number)) and z != 0:
            if abs(z - y) <= abs(y - x) and abs(z - y) <= 0.003 * gap and abs(y - x) <= 0.01 * gap:
                return True
            if gap > 1e10 and abs(y - number) > 1e5 and abs(x - number) > 1e2 and gap > 10 * abs(y - number) > 100 * abs(x - number):
                return True
    return False


def formula_value(program, formula, a):
    r = subprocess.run([program, "eval", formula, "--at", f"a={a}", "--given", "a in R+", "--format", "json"],
                       capture_output=True, text=True, timeout=20)
    return json.loads(r.stdout)["value"] if r.returncode == 0 else None


def ask(program, e, target):
    """'right', 'silent' or what is wrong."""
    command = [program, "limit", text(e), "--as", f"t -> {target}", "--given", "t in R; a in R+", "--format", "json"]
    try:
        r = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return "slow"
    if r.returncode not in (0, 1, 2) or "internal error" in r.stderr or "bad_alloc" in r.stderr:
        return "status %d: %s" % (r.returncode, r.stderr.strip())
    if r.returncode != 0:
        return "silent"
    answer = json.loads(r.stdout)
    claim = answer["limit"]["value"]
    if " where " in claim or answer["limit"]["cases"]:
        return "silent"
    for a in (0.4, 1.7):
        number = None
        if claim not in ("inf", "-inf"):
            found = formula_value(program, claim, a)
            if not isinstance(found, (int, float)):
                return "silent"
            number = mpmath.mpf(found)
        if refuted(e, target, claim, mpmath.mpf(str(a)), number):
            return "false: " + claim
    return "right"


def smaller(e):
    if isinstance(e, str):
        return
    yield from e[1:]
    for k in range(1, len(e)):
        for part in smaller(e[k]):
            yield e[:k] + (part,) + e[k + 1:]


def minimised(program, e, target):
    for _ in range(40):
        for part in smaller(e):
            if ask(program, part, target).startswith(("false", "status")):
                e = part
                break
        else:
            return e
    return e


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    o = parser.parse_args()

    def one(k):
        rng = random.Random(o.seed * 1000003 + k)
        e, target = composed(rng) if k % 3 == 2 else (tree(rng, rng.choice([2, 3, 4])), rng.choice(TARGETS))
        return e, target, ask(o.program, e, target)

    count = {"right": 0, "silent": 0, "slow": 0}
    wrong = 0
    with ThreadPoolExecutor(2) as pool:
        for e, target, verdict in pool.map(one, range(o.count)):
            if verdict in count:
                count[verdict] += 1
                if verdict == "slow":
                    print(f"slow: {text(e)}   t -> {target}")
                continue
            wrong += 1
            small = minimised(o.program, e, target)
            print(f"WRONG: {text(e)}   t -> {target}   {verdict}\n    at its smallest: {text(small)}   {ask(o.program, small, target)}")
    print(f"{o.count} random limits, seed {o.seed}: {count['right']} hold, {count['silent']} say nothing, {count['slow']} slow, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
