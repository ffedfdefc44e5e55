#!/usr/bin/python3
"""Random functions of one number: every claim of `adjoint analyse` is tried at random, extreme, near-kink and
boundary points, and what speaks against it is confirmed in 60 digits. A false claim is minimised and printed.

    analysis_fuzz.py PROGRAM [--count 200] [--seed 1] [--jobs 2]
"""
import argparse
import json
import math
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import mpmath as mp

mp.mp.dps = 60
STEP = mp.mpf(10) ** -24


class Undefined(Exception):
    pass


class OutOfReach(Exception):
    """A value too large to be handled."""


def slope_jumps(f, points):
    """Whether bisection between neighbours meets slopes that stay apart while the points meet: a kink."""
    ordered = sorted(set(points))
    for p, q in zip(ordered, ordered[1:]):
        a, b = f.slope(p), f.slope(q)
        while None not in (a, b) and abs(a - b) > 1e-6 and q - p > mp.mpf("1e-18"):
            middle = (p + q) / 2
            c = f.slope(middle)
            if c is None:
                break
            if abs(c - a) >= abs(b - c):
                q, b = middle, c
            else:
                p, a = middle, c
        if None not in (a, b) and abs(a - b) > 1e-6 and q - p <= mp.mpf("1e-18"):
            return True
    return False


def real(v):
    if isinstance(v, mp.mpc):
        if abs(v.imag) > 0:
            raise Undefined
        v = v.real
    if mp.isnan(v) or mp.isinf(v):
        raise Undefined
    return v


def positive(f):
    def inner(x):
        if x <= 0:
            raise Undefined
        return f(x)

    return inner


def guarded(f):
    """The elementary functions of mpmath where their values are of a size that can be handled."""

    def inner(x):
        if abs(x) > 200000:
            raise OutOfReach
        return f(x)

    return inner


UNARY = {
    "abs": abs,
    "sign": mp.sign,
    "exp": guarded(mp.exp),
    "log": positive(mp.log),
    "sin": mp.sin,
    "cos": mp.cos,
    "sinh": guarded(mp.sinh),
    "cosh": guarded(mp.cosh),
    "tanh": lambda x: mp.tanh(x) if abs(x) < 2000 else mp.sign(x),
    "atan": mp.atan,
    "erf": mp.erf,
    "sqrt": lambda x: mp.sqrt(x) if x >= 0 else raise_undefined(),
    "relu": lambda x: max(x, mp.mpf(0)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)) if abs(x) < 2000 else (mp.mpf(1) if x > 0 else mp.mpf(0)),
    "softplus": lambda x: (mp.log1p(mp.exp(x)) if x < 2000 else x) if x > -2000 else mp.mpf(0),
    "square": lambda x: x * x,
    "log1p": lambda x: mp.log1p(x) if x > -1 else raise_undefined(),
    "expm1": guarded(mp.expm1),
    "asin": lambda x: mp.asin(x) if abs(x) <= 1 else raise_undefined(),
}


def raise_undefined():
    raise Undefined


def power(b, e):
    if e == int(e):
        if b == 0 and e < 0:
            raise Undefined
        return b ** int(e)
    if b < 0 or (b == 0 and e < 0):
        raise Undefined
    return mp.mpf(b) ** e if b != 0 else mp.mpf(0)


INDEX_POWERS = {"i": lambda i: i, "(i-1)": lambda i: i - 1, "(i-2)": lambda i: i - 2, "(2*i)": lambda i: 2 * i}
SIGNS = {"": lambda i: 1, "(-1)^i*": lambda i: (-1) ** i, "-": lambda i: -1}


class Node:
    """A formula as text, with its value."""

    def __init__(self, kind, *parts):
        self.kind, self.parts = kind, parts

    def text(self):
        k, p = self.kind, self.parts
        if k == "x":
            return "x"
        if k == "number":
            return p[0] if not p[0].startswith("-") else f"({p[0]})"
        if k in "+-*/":
            return f"({p[0].text()}{k}{p[1].text()})"
        if k == "^":
            return f"({p[0].text()})^{p[1]}"
        if k == "series":
            return f"sum(i=1:{p[1]},{p[2]}({p[0].text()})^{p[3]})"
        if k == "where":
            return f"where({p[0].text()}{p[1]}{p[2].text()},{p[3].text()},{p[4].text()})"
        return f"{k}({','.join(q.text() for q in p)})"

    def value(self, x):
        k, p = self.kind, self.parts
        if k == "x":
            return x
        if k == "number":
            n, _, d = p[0].partition("/")
            return mp.mpf(n) / mp.mpf(d) if d else mp.mpf(n)
        if k == "^":
            n, _, d = p[1].strip("()").partition("/")
            return power(p[0].value(x), mp.mpf(n) / mp.mpf(d or 1))
        if k == "series":
            b = p[0].value(x)
            return sum(SIGNS[p[2]](i) * power(b, INDEX_POWERS[p[3]](i)) for i in range(1, int(p[1]) + 1))
        if k == "where":
            a, b = p[0].value(x), p[2].value(x)
            holds = a < b if p[1] == "<" else a <= b if p[1] == "<=" else a > b
            return p[3].value(x) if holds else p[4].value(x)
        v = [q.value(x) for q in p]
        if k == "+":
            return v[0] + v[1]
        if k == "-":
            return v[0] - v[1]
        if k == "*":
            return v[0] * v[1]
        if k == "/":
            if v[1] == 0:
                raise Undefined
            return v[0] / v[1]
        if k == "max":
            return max(v)
        if k == "min":
            return min(v)
        return UNARY[k](v[0])

    def smaller(self):
        """Formulas that are one step simpler."""
        nodes = [q for q in self.parts if isinstance(q, Node)]
        yield from nodes
        for i, q in enumerate(self.parts):
            if isinstance(q, Node):
                for s in list(q.smaller()) + ([Node("x")] if q.kind not in ("x", "number") else []):
                    yield Node(self.kind, *[s if j == i else r for j, r in enumerate(self.parts)])

    def moves(self):
        return self.kind == "x" or any(q.moves() for q in self.parts if isinstance(q, Node))

    def size(self):
        return 1 + sum(q.size() for q in self.parts if isinstance(q, Node))


def formula(r, depth):
    if depth == 0 or r.random() < 0.1:
        return Node("x") if r.random() < 0.8 else Node("number", r.choice(["1", "2", "3", "1/2", "-1", "0.1"]))
    k = r.random()
    if k < 0.45:
        return Node(r.choice(list(UNARY)), formula(r, depth - 1))
    if k < 0.72:
        return Node(r.choice("++-**/"), formula(r, depth - 1), formula(r, depth - 1))
    if k < 0.84:
        return Node("^", formula(r, depth - 1), r.choice(["2", "3", "4", "(1/2)", "(3/2)", "(-1)", "(-2)", "(1/3)"]))
    if k < 0.87:  # powers by an index: whole numbers
        return Node("series", formula(r, depth - 1), r.choice("13"), r.choice(list(SIGNS)), r.choice(list(INDEX_POWERS)))
    if k < 0.9:  # a product that may vanish under a root
        return Node(r.choice(["sqrt", "asin"]), Node("*", Node("square", formula(r, depth - 1)), formula(r, depth - 1)))
    if k < 0.95:
        return Node(r.choice(["max", "min"]), formula(r, depth - 1), formula(r, depth - 1))
    edge = Node("number", r.choice(["0", "1", "-1", "1/2"]))
    left = Node("x") if r.random() < 0.7 else formula(r, depth - 1)
    return Node("where", left, r.choice(["<", "<=", ">"]), edge, formula(r, depth - 1), formula(r, depth - 1))


SETS = [  # declaration, --on, ends, whether they belong to the set
    ("x in R", "", (-math.inf, math.inf)),
    ("x in R", "", (-math.inf, math.inf)),
    ("x in R+", "", (0.0, math.inf)),
    ("x in R", "-1 <= x <= 2", (-1.0, 2.0)),
    ("x in R", "0 <= x <= 1", (0.0, 1.0)),
    ("x in R", "-1 <= x <= 0", (-1.0, 0.0)),
    ("x in R", "1 <= x <= 1", (1.0, 1.0)),
    ("x in R", "800 <= x <= 900", (800.0, 900.0)),
]


class Function:
    def __init__(self, node, place):
        self.node, self.place = node, place
        self.known, self.far = {}, set()

    def __call__(self, x):
        if x not in self.known:
            try:
                self.known[x] = real(self.node.value(x))
            except OutOfReach:
                self.known[x] = None
                self.far.add(x)
            except (Undefined, ZeroDivisionError, OverflowError, ValueError, mp.libmp.NoConvergence):
                self.known[x] = None
        return self.known[x]

    def slope(self, x, h=STEP):
        a, b = self(x - h), self(x + h)
        return None if a is None or b is None else (b - a) / (2 * h)


def numbers_of(node):
    found = {mp.mpf(0)}
    if node.kind == "number":
        n, _, d = node.parts[0].partition("/")
        found.add(mp.mpf(n) / mp.mpf(d or 1))
    elif node.size() > 1 and not node.moves():  # a constant
        c = Function(node, None)(mp.mpf(0))
        found |= {c} if c is not None else set()
    for q in node.parts:
        if isinstance(q, Node):
            found |= numbers_of(q)
    return found


def special_of(node, place):
    """Where kinks and poles are likely: the numbers of the formula, what simple steps make of them, the ends."""
    found = numbers_of(node)
    found |= {-c for c in found} | {1 / c for c in found if c} | {mp.mpf(1), mp.mpf(-1), mp.log(2), mp.mpf(1) / 2}
    return sorted(found | {mp.mpf(e) for e in place[2] if math.isfinite(e)})


def points_of(node, place, r):
    low, high = place[2]
    special = special_of(node, place)
    points = list(special)
    points += [s + d for s in special for d in (mp.mpf("1e-9"), -mp.mpf("1e-9"), mp.mpf("1e-3"), -mp.mpf("1e-3"))]
    points += [mp.mpf(r.gauss(0, 1)) for _ in range(8)] + [mp.mpf(r.uniform(-6, 6)) for _ in range(8)]
    points += [mp.mpf(s) * c for s in (1, -1) for c in (10, 30, 100, 1000, 100000)]
    if math.isfinite(high):
        points += [mp.mpf(low) + (mp.mpf(high) - low) * mp.mpf(r.random()) for _ in range(20)]
        points += [mp.mpf(low), mp.mpf(high)]
    open_end = place[0].endswith("+")
    inside = [p for p in points if (p > low if open_end else p >= low) and p <= high]
    return sorted(set(inside))


NAMES = {k: v for k, v in UNARY.items()}
NAMES.update(max=max, min=min, pi=mp.pi, cbrt=mp.cbrt, tan=mp.tan)


def number(text):
    """A constant of the answer, or nothing where it is none."""
    import re

    try:
        text = re.sub(r"(?<![\w.])(\d+\.?\d*(?:e[-+]?\d+)?)", r"mpf('\1')", text)
        return mp.mpf(eval(text.replace("^", "**"), {"__builtins__": {}, "mpf": mp.mpf}, NAMES))  # noqa: S307
    except Exception:  # noqa: BLE001
        return None


def holds(condition, x):
    """Whether a condition of the answer holds at x; nothing where it cannot be read."""
    import re

    if condition == "everywhere":
        return True
    if condition == "nowhere":
        return False
    if " except where " in condition or "[" in condition:
        return None
    text = re.sub(r"(?<![\w.])(\d+\.?\d*(?:e[-+]?\d+)?)", r"mpf('\1')", condition.replace("^", "**"))
    names = dict(NAMES, x=x, where=None)
    try:
        return bool(eval(text, {"__builtins__": {}, "mpf": mp.mpf}, names))  # noqa: S307
    except Undefined:
        return False
    except Exception:  # noqa: BLE001
        return None


def all_hold(conditions, x):
    seen = [holds(c, x) for c in conditions]
    if any(s is False for s in seen):
        return False
    return None if any(s is None for s in seen) else True


def grows(values):
    """Whether a sequence of sizes seems to grow without bound."""
    v = [abs(s) for s in values if s is not None]
    return len(v) >= 3 and v[-1] > v[-2] * mp.mpf("1.02") and v[-2] > v[-3] * mp.mpf("1.02")


def unbounded(g, f, place, special):
    """Whether g(x) seems unbounded near an end or a special point, or f jumps (order 1) or has a kink."""
    low, high = place[2]
    ends = []
    if high == math.inf:
        ends.append([mp.mpf(10) ** k for k in (1, 2, 3, 4, 5)])
        ends.append([mp.mpf(k) for k in (5, 10, 20, 40)])
        ends.append([mp.pi * k * 100 for k in (1, 10, 100, 1000)])
        ends.append([mp.sqrt(2 * mp.pi * 4**k) for k in (4, 6, 8, 10)])
    if low == -math.inf:
        ends += [[-x for x in e] for e in ends[:4]]
    for c in special:
        for s in (1, -1):
            ends.append([mp.mpf(c) + s * mp.mpf(10) ** -k for k in (3, 5, 7, 9, 11, 13)])
    for e in ends:
        e = [x for x in e if low < x < high]
        for x in e:
            g(x)
        if any(x in f.far or x + STEP in f.far for x in e):
            return True  # too large to be told
        if grows([g(x) for x in e]):
            return True
    return False


def close_threshold(node, p):
    """Whether p is a rounded constant of the formula, of which no condition can say that it is met."""
    return any(0 < abs(p - c) < mp.mpf("1e-50") for c in numbers_of(node))


def check(f, answer, r):
    """What is claimed and not so, in words, or nothing."""
    place = f.place
    points = points_of(f.node, place, r)
    special = special_of(f.node, place)
    low, high = place[2]
    inside = lambda x: low < x < high  # noqa: E731
    defined = [p for p in points if all_hold(answer["defined"], p)]
    for p in defined:
        if f(p) is None and p not in f.far and abs(p) < 15:
            return f"defined at {mp.nstr(p, 12)}, and has no value there"
    for p in points:
        if all_hold(answer["defined"], p) is False and f(p) is not None and abs(p) < 15:
            return f"not defined at {mp.nstr(p, 12)}, and has the value {mp.nstr(f(p), 12)} there"
    for p in points:
        if f(p) is None or not inside(p) or abs(p) > 15:
            continue
        near = [f(p - STEP), f(p + STEP)]
        if None not in near and all_hold(answer["continuous"], p):
            tiny = [f(p - STEP * STEP), f(p + STEP * STEP)]
            if None in tiny or max(abs(n - f(p)) for n in tiny) < mp.mpf("0.2") * max(abs(n - f(p)) for n in near):
                continue  # it follows a smaller move
            if max(abs(n - f(p)) for n in near) > mp.mpf("1e-5") * (1 + abs(f(p))):
                return f"continuous at {mp.nstr(p, 12)}, and jumps there"
        if None not in near and all_hold(answer["differentiable"], p):
            left, right = (f(p) - near[0]) / STEP, (near[1] - f(p)) / STEP
            if abs(left - right) > mp.mpf("1e-5") * (1 + abs(left)) and not close_threshold(f.node, p):
                return f"differentiable at {mp.nstr(p, 12)}, and the slopes are {mp.nstr(left, 8)}, {mp.nstr(right, 8)}"
    values = [p for p in points if f(p) is not None]
    slack = mp.mpf("1e-9")
    lipschitz = answer.get("lipschitz")
    kinks = [c for c in points if inside(c) and abs(c) < 1000]
    jump = any(f(c + s * STEP) is not None and f(c) is not None and abs(f(c + s * STEP) - f(c)) > mp.mpf("1e-6") * (1 + abs(f(c))) for c in kinks for s in (1, -1))
    if lipschitz:
        constant = number(lipschitz["value"])
        if constant is not None:
            for p, q in list(zip(values, values[1:])) + [(r.choice(values), r.choice(values)) for _ in range(40) if values]:
                if p != q and abs(f(p) - f(q)) > constant * abs(p - q) * (1 + slack) + mp.mpf("1e-40"):
                    return f"Lipschitz constant {lipschitz['value']}, and from {mp.nstr(p, 15)} to {mp.nstr(q, 15)} it is {mp.nstr(abs(f(p) - f(q)) / abs(p - q), 12)}"
            for p in values:
                d = f.slope(p)
                if inside(p - STEP) and inside(p + STEP) and d is not None and abs(d) > constant * (1 + slack) + mp.mpf("1e-15"):
                    return f"Lipschitz constant {lipschitz['value']}, and the slope at {mp.nstr(p, 15)} is {mp.nstr(d, 12)}"
        elif lipschitz["value"] == "none":
            if not jump and not unbounded(f.slope, f, place, special):
                return "Lipschitz constant none, and no slope was found to grow"
        constant = number(lipschitz["gradient"])
        smooth = [p for p in values if inside(p - STEP) and inside(p + STEP) and abs(p) < 1000]
        if constant is not None:
            slopes = [(p, f.slope(p)) for p in smooth]
            slopes = [(p, d) for p, d in slopes if d is not None]
            for (p, d), (q, e) in list(zip(slopes, slopes[1:])) + [(r.choice(slopes), r.choice(slopes)) for _ in range(40) if slopes]:
                if p != q and abs(d - e) > constant * (abs(p - q) + 4 * STEP) * (1 + slack) + mp.mpf("1e-12"):
                    return f"constant {lipschitz['gradient']} of the gradient, and from {mp.nstr(p, 15)} to {mp.nstr(q, 15)} it is {mp.nstr(abs(d - e) / abs(p - q), 12)}"
        elif lipschitz["gradient"] == "none":
            def one_sided(c, s):
                a, b = f(c), f(c + s * STEP)
                return None if a is None or b is None else (b - a) / (s * STEP)

            def bend(x):
                h = mp.mpf(10) ** -20
                a, b, c = f(x - h), f(x), f(x + h)
                return None if None in (a, b, c) else (a - 2 * b + c) / (h * h)

            kink = any(f(c) is None for c in kinks)  # of a gap in the domain nothing is said
            kink = kink or any(None not in (one_sided(c, 1), one_sided(c, -1)) and abs(one_sided(c, 1) - one_sided(c, -1)) > 1e-6 for c in kinks)
            if not jump and not kink and not slope_jumps(f, smooth) and not unbounded(bend, f, place, special):
                return "no constant of the gradient, and no second derivative was found to grow"
    pairs = [(r.choice(values), r.choice(values)) for _ in range(80) if values] + list(zip(values, values[2:]))
    for what, turn in (("convex", 1), ("concave", -1)):
        says = answer.get(what)
        excess = []
        for p, q in pairs:
            m = (p + q) / 2
            if p == q or f(m) is None:
                continue
            e = turn * (f(m) - (f(p) + f(q)) / 2)
            excess.append((e, p, q, abs(f(p)) + abs(f(q)) + 1))
        if says in ("yes", "strictly", "strongly"):
            modulus = number(answer["modulus"]) if says == "strongly" and "modulus" in answer else mp.mpf(0)
            for e, p, q, scale in excess:
                if e > -(modulus or 0) / 8 * (p - q) ** 2 * (1 - slack) + scale * mp.mpf("1e-30"):
                    return f"{what} {says}{' with modulus ' + answer['modulus'] if modulus else ''}, and between {mp.nstr(p, 15)} and {mp.nstr(q, 15)} it bends the other way"
        flat = values and max(map(f, values)) - min(map(f, values)) < mp.mpf("1e-50")  # beyond these digits
        if says == "no" and excess and not flat:
            more = [(p - d, p + d) for p in values for d in (mp.mpf("0.01"), mp.mpf("0.3"))]
            near = [turn * (f(p) - (f(a) + f(b)) / 2) for p, (a, b) in zip([v for v in values for _ in (0, 1)], more) if low <= a and b <= high and f(a) is not None and f(b) is not None]
            if max([e for e, *_ in excess] + near) <= 0:
                return f"{what} no, and no segment was found that shows it"
    return None


def ask(program, node, place):
    command = [program, "analyse", node.text(), "--wrt", "x", "--given", place[0], "--format", "json"]
    if place[1]:
        command += ["--on", place[1]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return "no end in 30 s"
    if done.returncode < 0 or "report" in done.stderr or any(t in done.stderr for t in ("meets", "std::", "must be")):
        return f"status {done.returncode}: {done.stderr.strip()[:200]}"
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return None  # refused: no value anywhere, does not depend on x


def verdict(program, node, place, seed):
    answer = ask(program, node, place)
    if answer is None or isinstance(answer, str):
        return answer
    return check(Function(node, place), answer, random.Random(seed))


def minimised(program, node, place, seed, words):
    again = True
    while again:
        again = False
        for s in sorted(node.smaller(), key=Node.size):
            if s.size() < node.size() or (s.size() == node.size() and s.text() < node.text()):
                w = verdict(program, s, place, seed)
                if w and w.split()[0] == words.split()[0]:
                    node, words, again = s, w, True
                    break
    return node, words


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--jobs", type=int, default=2)
    o = options.parse_args()

    def one(k):
        r = random.Random(o.seed * 1000003 + k)
        node = formula(r, r.choice([1, 2, 2, 3, 3, 4]))
        place = r.choice(SETS)
        words = verdict(o.program, node, place, k)
        if not words:
            return None
        small, said = minimised(o.program, node, place, k, words)
        on = f' --on "{place[1]}"' if place[1] else ""
        return f'analyse "{small.text()}" --wrt x --given "{place[0]}"{on}\n    says: {said}\n    found as {node.text()}, number {k}'

    false = 0
    with ThreadPoolExecutor(o.jobs) as pool:
        for w in pool.map(one, range(o.count)):
            if w:
                print(w, flush=True)
                false += 1
    print(f"{o.count} functions with seed {o.seed}: {false} false claims")
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
