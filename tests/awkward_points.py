#!/usr/bin/env python3
"""Random functions at awkward points against one-sided difference quotients in 500 digits: of a vector (zeros, ties,
saturation, tiny entries, jumps, roots), and of a matrix, general, symmetric or semi-definite, by its spectrum (repeated
eigenvalues, deficient rank, zero). The value and the derivative are exact where there is one, a warning is given where
there is none and only there, the subgradient of least norm is a subgradient, none is claimed at a jump, and beside an
infinite slope the entries that have a derivative are right.

usage: awkward_points.py PROGRAM [--cases N] [--matrices N] [--seed S]
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
        if kind < 0.85:
            t, g = self.vector(self.random.randint(0, depth - 1))
            name, h = self.random.choice([("max", max), ("min", min)])
            return f"{name}({s},{t})", lambda x: [h(a, b) for a, b in zip(f(x), g(x))]
        if kind < 0.9:
            p = self.random.choice(["0.5", "1.2", "1.5", "2.5"])
            return f"abs({s}).^{p}", lambda x: [abs(v) ** mpf(p) for v in f(x)]
        if kind < 0.95:
            t, g = self.vector(self.random.randint(0, depth - 1))
            name, h = self.random.choice([("<", lambda a, b: a < b), ("<=", lambda a, b: a <= b)])
            limit = self.random.choice(["0", "1"])
            return (f"where(({s}){name}{limit},{t},{s})",
                    lambda x: [b if h(a, mpf(limit)) else a for a, b in zip(f(x), g(x))])
        return f"softmax({s})", lambda x: softmax(f(x))

    def scalar(self, depth):
        kind = self.random.random()
        if kind < 0.15:
            i = self.random.randint(0, 2)
            return f"x[{i + 1}]", lambda x: x[i]
        if kind < 0.75:
            s, f = self.vector(max(depth - 1, 0))
            if self.random.random() < 0.1:  # a norm whose order is a value
                p = self.random.choice(list(ORDERS))
                return f"norm({s},{p})", lambda x: norm(f(x), ORDERS[p])
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


ORDERS = {"p1": mpf(1), "p2": mpf(2), "p3": mpf(3), "half": mpf(1) / 2, "most": mp.inf}


def norm(x, p):
    if p == mp.inf:
        return max(abs(v) for v in x)
    return mp.fsum(abs(v) ** p for v in x) ** (1 / p)


def logsumexp(x):
    most, e = exponentials(x)
    return most + mp.log(mp.fsum(e))


REDUCTIONS = [
    ("sum($)", mp.fsum), ("norm($)", lambda x: mp.sqrt(mp.fsum(v * v for v in x))),
    ("norm($)", lambda x: mp.sqrt(mp.fsum(v * v for v in x))), ("norm($,1)", lambda x: mp.fsum(abs(v) for v in x)),
    ("norm($,inf)", lambda x: max(abs(v) for v in x)), ("max($)", max), ("logsumexp($)", logsumexp),
    ("prod($)", mp.fprod),
]


FAR, NEAR, NEAREST = mpf(10) ** 30, mpf(10) ** 15, mpf(1)


def quotients(f, x, directions):
    """The value and, for h > 0 and h < 0, the limit of (f(x + h d) - f(x))/h: a number, inf where it grows without end,
    "jump" where f does. Undefined where one is no number of modest size."""
    least = mpf(10) ** -100 * min([abs(v) for v in x if v != 0], default=mpf(1))
    value = f(x)

    def along(d, sign):
        steps = [least * r for r in (FAR, NEAR, NEAREST)]
        moved = [f([a + sign * h * b for a, b in zip(x, d)]) - value for h in steps]
        if any(isinstance(v, mpmath.mpc) or not mp.isfinite(v) for v in moved):
            raise Undefined
        if abs(moved[2]) > mpf(10) ** -60 * max(1, abs(value)) and abs(moved[2]) > abs(moved[0]) * mpf("0.9"):
            return "jump"
        far, near, nearest = (v / h for v, h in zip(moved, steps))
        before, last = near - far, nearest - near
        if abs(last) <= mpf(10) ** -30 * abs(nearest) or abs(nearest) <= mpf(10) ** -40:
            return nearest
        if abs(last) < abs(before) * mpf("0.9999"):
            return nearest - last * last / (last - before)  # what goes like a power of h (Aitken)
        return mp.inf if nearest > 0 else -mp.inf

    q = [[along(d, sign) for sign in (1, -1)] for d in directions]
    for v in [value] + [v for pair in q for v in pair]:
        if v != "jump" and mp.isfinite(v) and abs(v) > mpf(10) ** 80:
            raise Undefined
    return value, q


def flat(a):
    return [x for v in a for x in flat(v)] if isinstance(a, list) else [math.nan if a is None else a]


def problems(answer, value, q, directions):
    """The first directions are those of the entries, in their order."""
    got = flat(answer["derivative"])
    entries = q[:len(got)]
    number = flat([answer["value"]])[0]
    said = answer["warnings"][0] if answer["warnings"] else ""
    if not abs(number - float(value)) <= 1e-9 * abs(float(value)) + 1e-12:
        yield f"value {answer['value']}, not {mp.nstr(value, 8)}"
    slopes = [v for pair in q for v in pair]
    if "jump" in slopes:
        if not said:
            yield f"no warning at a jump, {got}"
        if "is the subgradient of least norm" in said:
            yield "a subgradient at a jump"
        return
    finite = [v for v in slopes if mp.isfinite(v)]
    scale = max([abs(v) for v in finite], default=mpf(0))
    tolerance = max(mpf(10) ** -20 * scale, mpf(10) ** -25)
    if len(finite) < len(slopes):
        if not said:
            yield f"no warning at an infinite slope, {got}"
        for a, pair in zip(got, entries):  # entries with a partial derivative have it
            if all(mp.isfinite(v) for v in pair) and abs(pair[0] + pair[1]) <= tolerance:
                if not abs(a - float(pair[0])) <= 1e-9 * float(scale) + 1e-30:
                    yield f"derivative {got}, entry {mp.nstr(pair[0], 8)}"
        return
    gradient = [pair[0] for pair in entries]
    smooth = all(abs(a + b) <= tolerance for a, b in q) and all(
        abs(mp.fdot(d, gradient) - pair[0]) <= tolerance for d, pair in zip(directions, q))
    if smooth:
        size = float(max(abs(v) for v in gradient))
        if any(not abs(a - float(b)) <= 1e-9 * size + 1e-24 for a, b in zip(got, gradient)):
            yield f"derivative {got}, not {[mp.nstr(v, 8) for v in gradient]}"
        if said:
            yield "warned without need: " + said
        return
    if not said:
        yield f"no warning, {got}"
        return
    if "is the subgradient of least norm" in said and " where " not in said:
        sign = 1 if all(a + b >= -tolerance for a, b in q) else -1
        for d, pair in zip(directions, q):
            for side, v in zip((1, -1), pair):
                slope = side * mp.fdot(d, [mpf(g) for g in got])
                if sign * (slope - v) > mpf(10) ** -12 * scale:
                    yield f"{got} is no subgradient"
                    return


# ---- functions of a matrix by its spectrum ----

def as_matrix(x, n):
    columns = len(x) // n
    return mpmath.matrix([x[i * columns:(i + 1) * columns] for i in range(n)])


def eigenvalues(x, n):
    m = as_matrix(x, n)
    return sorted(mp.eigsy((m + m.T) / 2, eigvals_only=True))


def singular_values(x, n):
    m = as_matrix(x, n)
    return [mp.sqrt(max(v, mpf(0))) if v > mpf(10) ** -(5 * mp.dps // 6) else mpf(0)
            for v in sorted(mp.eigsy(m.T * m, eigvals_only=True), reverse=True)]


SPECTRAL = {  # of eigenvalues, ascending
    "sum($)": mp.fsum, "max($)": max, "min($)": min, "sum($.^2)": lambda w: mp.fsum(v * v for v in w),
    "sum(abs($))": lambda w: mp.fsum(abs(v) for v in w), "$[1]": lambda w: w[0], "prod($)": mp.fprod,
    "sum(exp($))": lambda w: mp.fsum(mp.exp(v) for v in w), "logsumexp($)": logsumexp,
    "norm($)": lambda w: mp.sqrt(mp.fsum(v * v for v in w)), "norm($,inf)": lambda w: max(abs(v) for v in w),
    "sum(relu($))": lambda w: mp.fsum(max(v, mpf(0)) for v in w), "max($)^2": lambda w: max(w) ** 2,
    "sum(relu($).^2)": lambda w: mp.fsum(max(v, mpf(0)) ** 2 for v in w),
}
SINGULAR = {  # of singular values, descending
    "normnuc(X)": mp.fsum, "normop(X)": lambda s: s[0], "normop(X)^2": lambda s: s[0] ** 2,
    "sum(svdvals(X).^2)": lambda s: mp.fsum(v * v for v in s), "svdvals(X)[2]": lambda s: s[1],
    "max(eigvals(X'*X))": lambda s: s[0] ** 2, "min(eigvals(X'*X))": lambda s: s[-1] ** 2,
    "tr(sqrtm(X'*X))": mp.fsum, "sum(sqrt(1+svdvals(X).^2))": lambda s: mp.fsum(mp.sqrt(1 + v * v) for v in s),
    "normnuc(X)^2": lambda s: mp.fsum(s) ** 2, "det(eye(2)+X'*X)": lambda s: mp.fprod(1 + v * v for v in s),
}
SYMMETRIC_POINTS = [
    [1, 0, 0, 1], [0, 0, 0, 0], [2, 1, 1, 2], [1, 0, 0, -1], [0, 1, 1, 0], [3, 0, 0, 0], [1, 1, 1, 1],
    [2, 0, 0, 0, 2, 0, 0, 0, 1], [2, 0, 0, 0, 1, 0, 0, 0, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1],
    [0, 1, 0, 1, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 0, 0, 0, -1], [1, 0, 0, 0, 2, 0, 0, 0, 4],
]
GENERAL_POINTS = [
    [1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, 2, 2, 4], [0, 1, 1, 0], [1, 0, 0, -1], [3, 0, 0, 2],
    [1, 0, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6], [2, 0, 0, 2, 0, 0],
]


def matrix_case(draw):
    """A spectral function, its variable with a declaration, a point and directions."""
    mp.dps = 300
    symmetric = draw.random() < 0.55
    if symmetric:
        point = draw.choice(SYMMETRIC_POINTS)
        n = 2 if len(point) == 4 else 3
        name = draw.choice(list(SPECTRAL))
        f = SPECTRAL[name]
        text, given = name.replace("$", "eigvals(X)"), f"X in Sym({n})"
        function = lambda x: f(eigenvalues(x, n))
    else:
        point = draw.choice(GENERAL_POINTS)
        n = len(point) // 2
        text = draw.choice(list(SINGULAR))
        f = SINGULAR[text]
        given = f"X in R^({n},2)"
        function = lambda x: f(singular_values(x, n))
    if draw.random() < 0.3:  # beside something smooth, or scaled
        text, inner = f"({text})*(1+X[1,1]^2)", function
        function = lambda x: inner(x) * (1 + x[0] ** 2)
    columns = len(point) // n
    directions = []
    for k in range(len(point)):
        d = [mpf(0)] * len(point)
        i, j = divmod(k, columns)
        d[k] += 1
        if symmetric:
            d = [(a + b) / 2 for a, b in zip(d, [d[(m % n) * n + m // n] for m in range(n * n)])]
        directions.append(d)
    for _ in range(3):
        d = [mpf(draw.uniform(-1, 1)) for _ in point]
        if symmetric:
            d = [(d[m] + d[(m % n) * n + m // n]) / 2 for m in range(n * n)]
        directions.append(d)
    rows = ",".join("[" + ",".join(str(v) for v in point[i * columns:(i + 1) * columns]) + "]" for i in range(n))
    return text, function, given, "X", f"X=[{rows}]", [mpf(v) for v in point], directions


def vector_case(generate):
    draw = generate.random
    mp.dps = 500
    text, f = generate.scalar(draw.randint(1, 4))
    point = [draw.choice(ENTRIES) for _ in range(3)]
    directions = [[mpf(i == j) for j in range(3)] for i in range(3)]
    directions += [[mpf(draw.uniform(-1, 1)) for _ in range(3)] for _ in range(3)]
    if "x" not in text.replace("exp", "").replace("max", ""):
        return None
    given, at = "x in R^3", f"x=[{','.join(point)}]"
    for p, order in ORDERS.items():
        if p in text:
            given += f"; {p} in R+"
            at += f"; {p}={mp.nstr(order) if mp.isfinite(order) else 'inf'}"
    return text, f, given, "x", at, [mpf(v) for v in point], directions


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--cases", type=int, default=200)
    arguments.add_argument("--matrices", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=1)
    a = arguments.parse_args()
    generate = Generator(a.seed)
    draw = random.Random(a.seed)
    done = {"vector": 0, "matrix": 0}
    failed = kinks = 0
    while done["vector"] < a.cases or done["matrix"] < a.matrices:
        kind = "vector" if done["vector"] < a.cases else "matrix"
        case = vector_case(generate) if kind == "vector" else matrix_case(draw)
        if case is None:
            continue
        text, f, given, variable, at, point, directions = case
        try:
            value, q = quotients(f, point, directions)
        except (Undefined, ZeroDivisionError, OverflowError):
            continue
        slopes = [abs(v) for pair in q for v in pair if v != "jump"]
        if slopes and max(slopes) < mpf(10) ** -25 and value != 0:
            if kind == "vector":
                continue  # saturated: what is left is below all tolerances
        done[kind] += 1
        r = subprocess.run([a.program, "eval", text, "--given", given, "--wrt", variable, "--at", at, "--format", "json"],
                           capture_output=True, text=True, timeout=60)
        if r.returncode != 0:
            found = [r.stderr.strip()]
        else:
            answer = json.loads(r.stdout)
            kinks += bool(answer["warnings"])
            found = list(problems(answer, value, q, directions))
        failed += bool(found)
        for p in found:
            print("FAIL", text, "at", at, p)
    print(f"{sum(done.values()) - failed} passed ({kinks} at kinks), {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
