#!/usr/bin/env python3
"""Random functions of a vector at awkward points (zeros, ties, saturation, tiny entries) against one-sided
difference quotients in 500 digits: the value and the derivative are exact where there is one, a warning is
given where there is none and only there, and the subgradient of least norm is a subgradient.

usage: awkward_points.py PROGRAM [--cases N] [--seed S]
"""
import argparse
import json
import math
import random
import subprocess
import sys

import mpmath
from mpmath import mp, mpf

mp.dps = 500
ENTRIES = ["0", "0", "0", "1", "1", "-1", "2", "0.5", "1e-200", "300", "-300", "1e-9"]


class Undefined(Exception):
    pass


def within(f, low, high):
    def guarded(v):
        if not low <= v <= high:
            raise Undefined
        return f(v)
    return guarded


FUNCTIONS = {
    "exp": within(mp.exp, -1e6, 1e6), "log": within(mp.log, mpf(10) ** -400, mp.inf),
    "sin": within(mp.sin, -1e30, 1e30), "cos": within(mp.cos, -1e30, 1e30), "tanh": within(mp.tanh, -1e6, 1e6),
    "atan": mp.atan, "sqrt": within(mp.sqrt, 0, mp.inf), "square": lambda v: v * v, "abs": abs,
    "relu": lambda v: max(v, mpf(0)), "sigmoid": within(lambda v: 1 / (1 + mp.exp(-v)), -1e6, 1e6),
    "softplus": within(lambda v: mp.log1p(mp.exp(v)), -1e6, 1e6),
}
KINKED = ["abs", "relu", "sqrt", "square"]


class Generator:
    """Expressions as (text, function of a list of numbers)."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def function(self):
        name = self.random.choice(list(FUNCTIONS) + KINKED)
        return name, FUNCTIONS[name]

    def vector(self, depth):
        if depth == 0:
            return "x", list
        kind = self.random.random()
        s, f = self.vector(depth - 1)
        if kind < 0.5:
            name, g = self.function()
            return f"{name}({s})", lambda x: [g(v) for v in f(x)]
        if kind < 0.62:
            t, g = self.vector(self.random.randint(0, depth - 1))
            sign, h = self.random.choice([("+", lambda a, b: a + b), ("-", lambda a, b: a - b), (".*", lambda a, b: a * b)])
            return f"({s}){sign}({t})", lambda x: [h(a, b) for a, b in zip(f(x), g(x))]
        if kind < 0.75:
            t, g = self.scalar(depth - 1)
            return f"({t})*({s})", lambda x: [g(x) * v for v in f(x)]
        if kind < 0.88:
            t, g = self.vector(self.random.randint(0, depth - 1))
            name, h = self.random.choice([("max", max), ("min", min)])
            return f"{name}({s},{t})", lambda x: [h(a, b) for a, b in zip(f(x), g(x))]
        return f"softmax({s})", lambda x: softmax(f(x))

    def scalar(self, depth):
        kind = self.random.random()
        if kind < 0.15:
            i = self.random.randint(0, 2)
            return f"x[{i + 1}]", lambda x: x[i]
        if kind < 0.75:
            s, f = self.vector(max(depth - 1, 0))
            name, g = self.random.choice(REDUCTIONS)
            return name.replace("$", s), lambda x: g(f(x))
        s, f = self.scalar(max(depth - 1, 0))
        if kind < 0.86:
            name, g = self.function()
            return f"{name}({s})", lambda x: g(f(x))
        if kind < 0.92:
            k = self.random.choice([2, 3])
            return f"({s})^{k}", lambda x: f(x) ** k
        t, g = self.scalar(max(depth - 1, 0))
        sign, h = self.random.choice([("+", lambda a, b: a + b), ("-", lambda a, b: a - b), ("*", lambda a, b: a * b),
                                      ("/", quotient)])
        return f"({s}){sign}({t})", lambda x: h(f(x), g(x))


def quotient(a, b):
    if b == 0:
        raise Undefined
    return a / b


def exponentials(x):
    most = max(x)
    if abs(most) > 1e6:
        raise Undefined
    return most, [mp.exp(v - most) for v in x]


def softmax(x):
    e = exponentials(x)[1]
    return [v / mp.fsum(e) for v in e]


def logsumexp(x):
    most, e = exponentials(x)
    return most + mp.log(mp.fsum(e))


REDUCTIONS = [
    ("sum($)", mp.fsum), ("norm($)", lambda x: mp.sqrt(mp.fsum(v * v for v in x))),
    ("norm($)", lambda x: mp.sqrt(mp.fsum(v * v for v in x))), ("norm($,1)", lambda x: mp.fsum(abs(v) for v in x)),
    ("norm($,inf)", lambda x: max(abs(v) for v in x)), ("max($)", max), ("logsumexp($)", logsumexp),
    ("prod($)", mp.fprod),
]


def quotients(f, x, directions):
    """The value and (f(x + h d) - f(x))/h for h > 0 and h < 0; Undefined where one is no number of modest size."""
    h = mpf(10) ** -100 * min([abs(v) for v in x if v != 0], default=mpf(1))
    value = f(x)
    q = [[(f([a + s * h * b for a, b in zip(x, d)]) - value) / h for s in (1, -1)] for d in directions]
    for v in [value] + [v for pair in q for v in pair]:
        if isinstance(v, mpmath.mpc) or not mp.isfinite(v) or abs(v) > mpf(10) ** 80:
            raise Undefined
    return value, q


def problems(answer, value, q, directions):
    gradient = [pair[0] for pair in q[:3]]
    scale = max([abs(v) for pair in q for v in pair])
    tolerance = max(mpf(10) ** -30 * scale, mpf(10) ** -45)
    smooth = all(abs(a + b) <= tolerance for a, b in q) and all(
        abs(mp.fdot(d, gradient) - pair[0]) <= tolerance for d, pair in zip(directions, q))
    number = lambda v: math.nan if v is None else v
    got = [number(v) for v in answer["derivative"]]
    if not abs(number(answer["value"]) - float(value)) <= 1e-9 * abs(float(value)) + 1e-12:
        yield f"value {answer['value']}, not {mp.nstr(value, 8)}"
    if smooth:
        size = float(max(abs(v) for v in gradient))
        if any(not abs(a - float(b)) <= 1e-9 * size + 1e-30 for a, b in zip(got, gradient)):
            yield f"derivative {got}, not {[mp.nstr(v, 8) for v in gradient]}"
        if answer["warnings"]:
            yield "warned without need: " + answer["warnings"][0]
        return
    if not answer["warnings"]:
        yield f"no warning, {got}"
        return
    if "is the subgradient of least norm" in answer["warnings"][0] and " where " not in answer["warnings"][0]:
        sign = 1 if all(a + b >= -tolerance for a, b in q) else -1
        for d, pair in zip(directions, q):
            for side, v in zip((1, -1), pair):
                slope = side * mp.fdot(d, [mpf(g) for g in got])
                if sign * (slope - v) > mpf(10) ** -12 * scale:
                    yield f"{got} is no subgradient"
                    return


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--cases", type=int, default=250)
    arguments.add_argument("--seed", type=int, default=1)
    a = arguments.parse_args()
    generate = Generator(a.seed)
    draw = generate.random
    done = failed = kinks = 0
    while done < a.cases:
        text, f = generate.scalar(draw.randint(1, 4))
        point = [draw.choice(ENTRIES) for _ in range(3)]
        directions = [[mpf(i == j) for j in range(3)] for i in range(3)]
        directions += [[mpf(draw.uniform(-1, 1)) for _ in range(3)] for _ in range(3)]
        if "x" not in text.replace("exp", "").replace("max", ""):
            continue
        try:
            value, q = quotients(f, [mpf(v) for v in point], directions)
        except (Undefined, ZeroDivisionError, OverflowError):
            continue
        if max(abs(v) for pair in q for v in pair) < mpf(10) ** -30 and value != 0:
            continue  # saturated: what is left is below all tolerances
        done += 1
        r = subprocess.run([a.program, "eval", text, "--given", "x in R^3", "--wrt", "x", "--at", f"x=[{','.join(point)}]",
                            "--format", "json"], capture_output=True, text=True, timeout=60)
        if r.returncode != 0:
            found = [r.stderr.strip()]
        else:
            answer = json.loads(r.stdout)
            kinks += bool(answer["warnings"])
            found = list(problems(answer, value, q, directions))
        failed += bool(found)
        for p in found:
            print("FAIL", text, "at", point, p)
    print(f"{done - failed} passed ({kinks} at kinks), {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
