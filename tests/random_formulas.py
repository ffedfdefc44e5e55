#!/usr/bin/env python3
"""Random well-typed expressions over products of every kind: their derivatives must read back as what they are.

usage: random_formulas.py PROGRAM [--count N] [--seed S] [--depth D]   (exit status 1 where one fails)

Sizes are monomials in n, p, m; an expression is made for a shape, from what has that shape: Kronecker products, vec, reshape,
commutation, diag, slices, blocks, sums over an index, reductions along a dimension. Each is given to `check`, which compares the
derivative with differences, the adjoint with the map, and what is printed, read back, with both.
"""
import argparse
import concurrent.futures
import random
import shlex
import subprocess
import sys

DECLARED = {
    "x": ("n", "1"), "y": ("p", "1"), "w": ("n*p", "1"), "v": ("n*n", "1"), "r": ("1", "p"), "X": ("n", "p"), "Y": ("p", "n"),
    "A": ("n", "n"), "B": ("p", "p"), "G": ("m", "n"), "K": ("n*p", "n*p"), "S": ("n", "n"), "c": ("1", "1"), "e": ("4", "1"),
    "E": ("4", "n"),
}
GIVEN = ("x in R^n; y in R^p; w in R^(n*p); v in R^(n*n); r in R^(1,p); X in R^(n,p); Y in R^(p,n); A in R^(n,n); B in R^(p,p); "
         "G in R^(m,n); K in R^(n*p,n*p); S in Sym(n); c in R; e in R^4; E in R^(4,n)")
FACTORS = {"n*p": ("n", "p"), "n*n": ("n", "n"), "4": ("2", "2"), "p*p": ("p", "p"), "p*n": ("p", "n")}
SECONDS = 10


def same(size):
    return "*".join(sorted(size.split("*")))


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.indices = []  # (name, length) of the sums around

    def make(self, rows, columns, depth):
        ways = [self.leaf]
        if depth > 0:
            ways = [self.sum, self.scaled, self.entrywise, self.product, self.product, self.transposed]
            if (rows, columns) == ("1", "1"):
                ways += [self.scalar] * 5
            if rows in FACTORS or columns in FACTORS:
                ways += [self.kron] * 4 + [self.reshape] * 2
            if columns == "1" and rows in FACTORS:
                ways += [self.vec] * 3
            if rows == columns and rows != "1":
                ways += [self.diagonal, self.square]
            if columns == "1" and rows != "1":
                ways += [self.of_diagonal, self.row_sums]
            if len(self.indices) < 2:
                ways.append(self.index_sum)
            if rows == "n":
                ways.append(self.sliced)
        way = self.rng.choice(ways)
        return way(rows, columns, depth - 1)

    def leaf(self, rows, columns, _):
        rng = self.rng
        fits = [n for n, (r, c) in DECLARED.items() if same(r) == same(rows) and same(c) == same(columns)]
        fits += [n + "'" for n, (r, c) in DECLARED.items() if same(r) == same(columns) and same(c) == same(rows)]
        for name, length in self.indices:  # a column, a row or an entry at an index
            for n, (r, c) in DECLARED.items():
                if c == length and r == rows and columns == "1":
                    fits += [f"{n}[:,{name}]"] * 2
                if r == length and c == columns and rows == "1" and c != "1":
                    fits += [f"{n}[{name},:]"] * 2
                if r == length and c == "1" and (rows, columns) == ("1", "1"):
                    fits += [f"{n}[{name}]"] * 2
        if fits and rng.random() < 0.95:
            return rng.choice(fits)
        if (rows, columns) == ("1", "1"):
            return rng.choice(["c", "2", "1/2"])
        if rows == columns:
            a, b = FACTORS.get(rows, (None, None))
            return rng.choice([f"eye({rows})"] + ([f"commutation({a},{b})"] * 3 if a else []))
        if columns == "1" and rng.random() < 0.3 and rows == "n":
            return "unit(n,2)"
        return f"ones({rows},{columns})"

    def sum(self, rows, columns, d):
        op = self.rng.choice("+-")
        return f"({self.make(rows, columns, d)}{op}{self.make(rows, columns, d)})"

    def scaled(self, rows, columns, d):
        how = self.rng.choice(["{0}.*{1}", "{0}./(1+({1}).^2)", "{2}*{0}"])
        return "(" + how.format(self.make(rows, columns, d), self.make(rows, columns, d), self.make("1", "1", d)) + ")"

    def entrywise(self, rows, columns, d):
        f = self.rng.choice(["sin", "tanh", "exp(-({})/4)", "({}).^2", "sigmoid", "cos"])
        a = self.make(rows, columns, d)
        return f.format(a) if "{}" in f else f"{f}({a})"

    def product(self, rows, columns, d):
        inner = self.rng.choice(["n", "p", "1", "n*p", "n", "p"])
        return f"({self.make(rows, inner, d)}*{self.make(inner, columns, d)})"

    def transposed(self, rows, columns, d):
        return f"({self.make(columns, rows, d)})'"

    def split(self, size):
        if size in FACTORS:
            a, b = FACTORS[size]
            return (a, b) if self.rng.random() < 0.7 else (b, a)
        return (size, "1") if self.rng.random() < 0.5 else ("1", size)

    def kron(self, rows, columns, d):
        (a, b), (s, t) = self.split(rows), self.split(columns)
        return f"kron({self.make(a, s, d)},{self.make(b, t, d)})"

    def reshape(self, rows, columns, d):
        if rows in FACTORS and columns == "1":
            a, b = FACTORS[rows]
            return f"reshape({self.make(b, a, d)},{rows},1)"
        whole = rows if columns == "1" else columns if rows == "1" else f"{rows}*{columns}"
        if whole.count("*") > 1:
            return self.kron(rows, columns, d)
        return f"reshape({self.make(whole, '1', d)},{rows},{columns})"

    def vec(self, rows, _, d):
        a, b = FACTORS[rows]
        return f"vec({self.make(a, b, d)})"

    def diagonal(self, rows, _, d):
        return f"diag({self.make(rows, '1', d)})"

    def of_diagonal(self, rows, _, d):
        return f"diag({self.make(rows, rows, d)})"

    def square(self, rows, _, d):
        u = self.make(rows, self.rng.choice(["n", "p", "1"]), d)
        return self.rng.choice([f"({u}*({u})')", f"inv(eye({rows})+{u}*({u})')"])

    def row_sums(self, rows, _, d):
        f = self.rng.choice(["sum({},2)", "prod(1+{},2)", "logsumexp({},2)", "softmax(sum({},2))", "cumsum({})[:,2]"])
        return f.format(self.make(rows, self.rng.choice(["n", "p"]), d))

    def sliced(self, rows, columns, d):
        a = self.make(rows, columns, d)
        if columns == "1":
            return self.rng.choice([f"[({a})[2:n]; 1]", f"[1; diff({a})]", f"({a})"])
        return self.rng.choice([f"[({a})[2:n,:]; ones(1,{columns})]", f"[ones(1,{columns}); diff({a})]", f"cumsum({a})"])

    def index_sum(self, rows, columns, d):
        name = "ij"[len(self.indices)]
        length = self.rng.choice(["n", "p"])
        self.indices.append((name, length))
        body = self.make(rows, columns, d)
        self.indices.pop()
        return f"sum({name}=1:{length}, {body})"

    def scalar(self, _r, _c, d):
        rows, columns = self.rng.choice([("n", "1"), ("n", "p"), ("n*p", "1"), ("n", "n"), ("p", "1"), ("4", "1"), ("2", "2"), ("n*p", "n*p")])
        a = self.make(rows, columns, d)
        ways = [f"sum({a})", f"norm({a})^2", f"prod(1+({a})/4)", f"logsumexp({a})", f"sqrt(1+norm({a})^2)"]
        if rows == columns:
            ways += [f"tr({a})", f"logdet(eye({rows})+({a})*({a})')"]
        if columns == "1":
            ways += [f"({a})'*{self.make(rows, '1', d)}"]
        return self.rng.choice(ways)


def question(seed, depth):
    rng = random.Random(seed)
    while True:
        shape = rng.choice([("1", "1")] * 5 + [("n", "1"), ("n*p", "1"), ("n", "p"), ("n", "n"), ("1", "p"), ("n*p", "n*p")])
        expr = Maker(rng).make(*shape, rng.randint(2, depth))
        used = [n for n in DECLARED if any(n == word for word in words(expr))]
        if used and len(expr) < 160:
            return expr, rng.choice(used)


def words(text):
    word = ""
    for ch in text + " ":
        if ch.isalnum() or ch == "_":
            word += ch
        else:
            if word:
                yield word
            word = ""


def failure(program, seed, depth):
    expr, wrt = question(seed, depth)
    command = [program, "check", expr, "--wrt", wrt, "--given", GIVEN]
    shown = f"seed {seed}: {shlex.join([program.split('/')[-1], 'check', expr, '--wrt', wrt])}"
    try:
        r = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"{shown}\n  no answer in {SECONDS} s"
    if r.returncode == 0 and "check passed" in r.stdout:
        return ""
    # What has no value, or too few digits, at any point says nothing of the formula.
    if "no point was found" in r.stdout:
        return "undefined"
    return f"{shown}\n  {(r.stdout + r.stderr).strip()[:1500]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--depth", type=int, default=4)
    o = parser.parse_args()
    seeds = range(o.seed, o.seed + o.count)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda s: failure(o.program, s, o.depth), seeds))
    failures = [f for f in found if f not in ("", "undefined")]
    for f in failures:
        print("FAIL", f)
    undefined = found.count("undefined")
    print(f"{len(found) - len(failures) - undefined} passed, {undefined} without a point, {len(failures)} failed")
    return 1 if failures or undefined > len(found) // 10 else 0


if __name__ == "__main__":
    sys.exit(main())
