#!/usr/bin/env python3
"""Random well-typed expressions through the verbs: `eval`, the code of `derive`, the program of `explain` and `check` against values and
difference quotients of a NumPy function that is generated beside the text, at ordinary and at awkward points (zeros, ties). No
command may crash, run longer than 10 seconds, or refuse what is well typed. What fails is made smaller before it is printed.

usage: verbs.py PROGRAM [--cases N] [--first SEED] [--jobs N]
"""
import argparse
import concurrent.futures
import json
import random
import subprocess
import sys

import numpy as np
import scipy.linalg as sl

N = 3
GIVEN = "x in R^n; y in R^n; A in R^(n,n); B in R^(n,n); S in PD(n); s in R+; t in R"
LEAVES = {"s": ["s", "t", "2", "1/3", "x[1]", "A[1,2]"], "v": ["x", "y", "x", "ones(n)"], "m": ["A", "B", "S", "eye(n)"]}
SECONDS = 10


def softmax(v):
    e = np.exp(v - np.max(v))
    return e / e.sum()


def entrywise(name, f):
    return [("s", "s", f"{name}($1)", f), ("v", "v", f"{name}($1)", f), ("m", "m", f"{name}($1)", f)]


# Result, operands, text, value.
OPERATIONS = [
    ("s", "ss", "($1+$2)", lambda a, b: a + b), ("s", "ss", "($1-$2)", lambda a, b: a - b),
    ("s", "ss", "$1*$2", lambda a, b: a * b), ("s", "ss", "$1/(1+$2^2)", lambda a, b: a / (1 + b**2)),
    ("s", "s", "$1^2", lambda a: a**2), ("s", "s", "$1^3", lambda a: a**3), ("s", "s", "sqrt(1+$1^2)", lambda a: np.sqrt(1 + a * a)),
    ("s", "s", "log(1+$1^2)", lambda a: np.log(1 + a * a)), ("s", "s", "sqrt($1^2)", lambda a: np.abs(a)),
    ("s", "vv", "$1'*$2", lambda a, b: a @ b), ("s", "v", "norm($1)", lambda a: np.linalg.norm(a)),
    ("s", "v", "norm($1)^2", lambda a: a @ a), ("s", "v", "norm($1,1)", lambda a: np.abs(a).sum()),
    ("s", "v", "norm($1,3)", lambda a: (np.abs(a)**3).sum()**(1 / 3)), ("s", "v", "norm($1,inf)", lambda a: np.abs(a).max()),
    ("s", "v", "sum($1)", np.sum), ("s", "v", "prod($1)", np.prod), ("s", "v", "max($1)", np.max), ("s", "v", "mean($1)", np.mean),
    ("s", "v", "logsumexp($1)", lambda a: np.max(a) + np.log(np.exp(a - np.max(a)).sum())), ("s", "v", "$1[2]", lambda a: a[1]),
    ("s", "v", "sum(i=1:n, sum(j=1:n, ($1[i]-$1[j])^2))", lambda a: np.square(a[:, None] - a[None]).sum()),
    ("s", "v", "sum(i=1:n, sum(j=1:n, exp(-($1[i]-$1[j])^2)))", lambda a: np.exp(-np.square(a[:, None] - a[None])).sum()),
    ("s", "vv", "sum(i=1:n, $1[i]^2*$2[i])", lambda a, b: (a * a * b).sum()),
    ("s", "v", "sum(i=1:n-1, $1[i]*$1[i+1])", lambda a: (a[:-1] * a[1:]).sum()),
    ("s", "m", "tr($1)", np.trace), ("s", "m", "det($1)", np.linalg.det), ("s", "m", "norm($1)^2", lambda a: np.sum(a * a)),
    ("s", "m", "sum($1)", np.sum), ("s", "m", "sum(i=1:n, max($1[i,:]))", lambda a: a.max(1).sum()),
    ("s", "m", "sum(i=1:n, norm($1[:,i])^2)", lambda a: np.sum(a * a)),
    ("s", "m", "sum(i=1:n, sum(j=1:n, exp(-norm($1[i,:]-$1[j,:])^2)))",
     lambda a: np.exp(-np.square(a[:, None] - a[None]).sum(-1)).sum()),
    ("s", "m", "logdet(eye(n)+$1*$1')", lambda a: np.linalg.slogdet(np.eye(N) + a @ a.T)[1]),
    ("s", "vm", "$1'*$2*$1", lambda a, m: a @ m @ a), ("s", "ssss", "where($1<$2,$3,$4)", lambda a, b, c, d: c if a < b else d),
    ("s", "v", "sum(log(1+exp($1)))", lambda a: np.logaddexp(0, a).sum()), ("s", "v", "norm_eps($1,s)", None),
    ("s", "ss", "max($1,$2)", max), ("s", "ss", "min($1,$2)", min),
    ("v", "vv", "($1+$2)", lambda a, b: a + b), ("v", "vv", "($1-$2)", lambda a, b: a - b), ("v", "vv", "$1.*$2", lambda a, b: a * b),
    ("v", "sv", "$1*$2", lambda a, b: a * b), ("v", "mv", "$1*$2", lambda a, b: a @ b), ("v", "mv", "$1'*$2", lambda a, b: a.T @ b),
    ("v", "vv", "$1./(1+$2.^2)", lambda a, b: a / (1 + b * b)), ("v", "v", "softmax($1)", softmax), ("v", "v", "cumsum($1)", np.cumsum),
    ("v", "v", "diffT(diff($1))", lambda a: -np.diff(np.concatenate([[0.0], np.diff(a), [0.0]]))),
    ("v", "m", "diag($1)", np.diag), ("v", "m", "$1[:,2]", lambda a: a[:, 1]), ("v", "m", "$1[2,:]'", lambda a: a[1]),
    ("v", "m", "sum($1,2)", lambda a: a.sum(1)), ("v", "vv", "max($1,$2)", np.maximum), ("v", "vv", "min($1,$2)", np.minimum),
    ("v", "vvvv", "where($1<$2,$3,$4)", lambda a, b, c, d: np.where(a < b, c, d)),
    ("v", "mv", "inv(eye(n)+$1*$1')*$2", lambda a, b: np.linalg.solve(np.eye(N) + a @ a.T, b)),
    ("v", "sv", "[$1;$2[2:n]]", lambda a, b: np.concatenate([[a], b[1:]])),
    ("v", "mv", "vec($1*$2)", lambda a, b: a @ b), ("v", "mv", "kron($2',eye(n))*vec($1)", lambda a, b: a @ b),
    ("m", "mm", "($1+$2)", lambda a, b: a + b), ("m", "mm", "$1*$2", lambda a, b: a @ b), ("m", "mm", "$1.*$2", lambda a, b: a * b),
    ("m", "m", "$1'", lambda a: a.T), ("m", "vv", "$1*$2'", np.outer), ("m", "v", "diag($1)", np.diag), ("m", "sm", "$1*$2", lambda a, b: a * b),
    ("m", "m", "tril($1)", np.tril), ("m", "m", "inv(eye(n)+$1*$1')", lambda a: np.linalg.inv(np.eye(N) + a @ a.T)),
    ("m", "m", "expm($1/4)", lambda a: sl.expm(a / 4)), ("m", "m", "softmax($1,2)", lambda a: np.array([softmax(r) for r in a])),
    ("m", "mm", "where($1<$2,$1,$2)", np.minimum), ("m", "m", "reshape(vec($1),n,n)'", lambda a: a.T),
    ("m", "m", "sqrtm(eye(n)+$1*$1')", lambda a: np.real(sl.sqrtm(np.eye(N) + a @ a.T))),
]
for _name, _f in [("sin", np.sin), ("cos", np.cos), ("exp", np.exp), ("tanh", np.tanh), ("atan", np.arctan), ("abs", np.abs),
                  ("relu", lambda a: np.maximum(a, 0)), ("sigmoid", lambda a: 1 / (1 + np.exp(-a))), ("square", np.square),
                  ("softplus", lambda a: np.logaddexp(0, a))]:
    OPERATIONS += entrywise(_name, _f)
OPERATIONS = [o for o in OPERATIONS if o[3] is not None]


class Node:
    """An expression: a leaf (operation None) or an operation on operands."""

    def __init__(self, kind, operation=None, operands=(), leaf=""):
        self.kind, self.operation, self.operands, self.leaf = kind, operation, list(operands), leaf

    def text(self):
        if self.operation is None:
            return self.leaf
        s = self.operation[2]
        for k, o in enumerate(self.operands):
            t = o.text()
            s = s.replace(f"${k + 1}", t if o.operation is None and "/" not in t or s.startswith(("where", "max", "min")) else f"({t})")
        return s

    def value(self, p):
        if self.operation is None:
            return {"2": 2.0, "1/3": 1 / 3, "x[1]": p["x"][0], "A[1,2]": p["A"][0, 1], "ones(n)": np.ones(N), "eye(n)": np.eye(N)}.get(
                self.leaf, p.get(self.leaf))
        return self.operation[3](*[o.value(p) for o in self.operands])

    def size(self):
        return 1 + sum(o.size() for o in self.operands)

    def smaller(self):
        """Expressions of the same kind with fewer nodes: an operand in place of the whole, or one operand made smaller."""
        for leaf in LEAVES[self.kind] if self.operation else []:
            yield Node(self.kind, leaf=leaf)
        for o in self.operands:
            if o.kind == self.kind:
                yield o
        for k, o in enumerate(self.operands):
            for s in o.smaller():
                yield Node(self.kind, self.operation, self.operands[:k] + [s] + self.operands[k + 1:])


def grow(draw, kind, depth):
    if depth == 0 or draw.random() < 0.12:
        return Node(kind, leaf=draw.choice(LEAVES[kind]))
    operation = draw.choice([o for o in OPERATIONS if o[0] == kind])
    return Node(kind, operation, [grow(draw, k, depth - 1) for k in operation[1]])


def points(seed):
    rng = np.random.default_rng(seed)
    yield "an ordinary point", {"x": rng.uniform(-1, 1, N), "y": rng.uniform(-1, 1, N), "A": rng.uniform(-1, 1, (N, N)), "B": rng.uniform(-1, 1, (N, N)),
                                "S": (lambda m: m @ m.T / N + np.eye(N) / 2)(rng.uniform(-1, 1, (N, N))), "s": rng.uniform(0.4, 1.6), "t": rng.uniform(-1, 1)}
    entries = [0.0, 0.0, 1.0, -1.0, 0.5, 2.0]
    yield "an awkward point", {"x": rng.choice(entries, N), "y": rng.choice(entries, N), "A": rng.choice(entries, (N, N)), "B": rng.choice(entries, (N, N)),
                               "S": np.eye(N), "s": 1.0, "t": rng.choice(entries)}


class Failure(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def call(program, *arguments):
    try:
        r = subprocess.run([program, *arguments], capture_output=True, text=True, errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failure("hang " + arguments[0], f"{arguments[0]} does not end within {SECONDS} s") from None
    if r.returncode not in (0, 1, 2) or any(w in r.stderr for w in ("std::", "max_size", "terminate", "Sanitizer", "runtime error")):
        raise Failure("crash " + arguments[0], f"{arguments[0]} ended with status {r.returncode}: {r.stderr.strip()[-200:]}")
    return r


def slope(f, x):
    """The derivative by central differences, where two steps agree; else None."""
    x = np.asarray(x, float)
    out = []
    for h in (1e-5, 4e-6):
        columns = []
        for k in range(x.size):
            e = np.zeros(x.size)
            e[k] = h
            e = e.reshape(x.shape)
            columns.append((np.asarray(f(x + e)) - np.asarray(f(x - e))) / (2 * h))
        out.append(np.stack(columns, -1).reshape(np.shape(columns[0]) + x.shape))
    size = max(1e-3, np.abs(out[0]).max(initial=0))
    return out[1] if np.all(np.isfinite(out[1])) and np.abs(out[0] - out[1]).max(initial=0) < 1e-6 * size else None


def apart(a, b):
    a, b = np.ravel(np.asarray(a, float)), np.ravel(np.asarray(b, float))
    if a.size != b.size:
        return True
    return not np.linalg.norm(a - b) <= 2e-5 * max(1e-2, np.linalg.norm(b))  # NaN is apart


def arguments_of(function, point):
    code = function.__code__
    return {k: point[k] if k in point else N for k in code.co_varnames[:code.co_argcount]}  # n where nothing else says it


def numbers(nested):
    return np.array([np.nan if v is None else v for v in np.ravel(np.array(nested, object))], float)


def examine(program, node, wrt, seed):
    text = node.text()
    question = [text, "--given", GIVEN, "--wrt", wrt]
    r = call(program, "derive", *question, "--format", "json")
    if r.returncode == 2:
        raise Failure("refused", f"derive refuses: {r.stderr.strip()[:200]}")
    space = program_space = None
    if r.returncode == 0:
        answer = json.loads(r.stdout)
        space = {}
        try:
            exec(answer["code"]["numpy"], space)
        except SyntaxError as e:
            raise Failure("syntax", f"the code is no Python: {e}") from None
    if node.kind == "s":
        r = call(program, "explain", *question, "--format", "numpy")
        if r.returncode == 2:
            raise Failure("refused explain", f"explain refuses: {r.stderr.strip()[:200]}")
        if r.returncode == 0:
            program_space = {}
            try:
                exec(r.stdout, program_space)
            except SyntaxError as e:
                raise Failure("syntax", f"the program is no Python: {e}") from None
    if seed % 5 == 0:
        r = call(program, "check", *question)
        if r.returncode == 1 and "check FAILED" in r.stdout:
            raise Failure("check", r.stdout.strip()[-300:])
    for where, point in points(seed):
        with np.errstate(all="ignore"):
            value = np.asarray(node.value(point), float)
            if not np.all(np.isfinite(value)) or np.abs(value).max() > 1e6:
                continue
            smooth = slope(lambda v: node.value({**point, wrt: v}), point[wrt])
        used = {k: np.asarray(v).tolist() for k, v in point.items() if k in text.replace("exp", "")}
        for name in (wrt, "x"):  # x says what n is
            used.setdefault(name, np.asarray(point[name]).tolist())
        at = "; ".join(f"{k}={json.dumps(v)}" for k, v in used.items())
        r = call(program, "eval", *question, "--at", at, "--format", "json")
        said = f" at {where}, --at '{at}'"
        if r.returncode != 0:
            raise Failure("eval refuses", f"eval refuses{said}: {r.stderr.strip()[:200]}")
        answer = json.loads(r.stdout)
        if apart(numbers(answer["value"]), value):
            raise Failure("value", f"eval gives the value {answer['value']}, not {value.tolist()}{said}")
        derivative = numbers(answer["derivative"])
        if wrt == "S":  # symmetrised by convention
            smooth = None if smooth is None else (smooth + np.swapaxes(smooth, -1, -2)) / 2
        if smooth is not None and not answer["warnings"] and apart(derivative, smooth):
            raise Failure("derivative", f"eval gives the derivative {derivative.tolist()}, differences {np.ravel(smooth).tolist()}{said}")
        clear = not answer["warnings"] and np.all(np.isfinite(derivative))
        with np.errstate(all="ignore"):
            if space:
                got = space["function"](**arguments_of(space["function"], point))
                if apart(got, value):
                    raise Failure("code value", f"the code gives the value {np.ravel(got).tolist()}, not {np.ravel(value).tolist()}{said}")
                if clear and "H" not in space["derivative"].__code__.co_varnames:
                    got = space["derivative"](**arguments_of(space["derivative"], point))
                    if apart(got, derivative):
                        raise Failure("code " + where, f"the code gives the derivative {np.ravel(got).tolist()}, eval {derivative.tolist()}{said}")
            if program_space and clear:
                f = program_space["program"]
                names = f.__code__.co_varnames[:f.__code__.co_argcount]
                if all(n in point for n in names):
                    got = f(**arguments_of(f, point))
                    if apart(got[0], value) or apart(got[1], derivative):
                        raise Failure("program " + where, f"the program gives {[np.ravel(g).tolist() for g in got]}, eval {np.ravel(value).tolist()} and {derivative.tolist()}{said}")


def failure_of(program, node, wrt, seed):
    try:
        examine(program, node, wrt, seed)
    except Failure as f:
        return f
    except (np.linalg.LinAlgError, ZeroDivisionError, FloatingPointError):
        return None
    except Exception as e:  # the generated code raised
        return Failure("raises " + type(e).__name__, f"{type(e).__name__}: {str(e)[:200]}")
    return None


def minimised(program, node, wrt, seed, failure):
    again = True
    while again:
        again = False
        for small in sorted(node.smaller(), key=Node.size):
            if small.size() >= node.size() and small.text() != node.text():
                continue
            other = failure_of(program, small, wrt, seed) if small.size() < node.size() else None
            if other is not None and other.kind == failure.kind:
                node, failure, again = small, other, True
                break
    return node, failure


def case(program, seed):
    draw = random.Random(seed)
    kind = draw.choice("ssssv")
    node = grow(draw, kind, draw.randint(1, 3))
    wrt = draw.choice(["x", "x", "t"] if kind == "v" else ["x", "x", "A", "t", "S"])
    failure = failure_of(program, node, wrt, seed)
    if failure is None:
        return None
    small, failure = minimised(program, node, wrt, seed, failure)
    return f"{seed}: {failure.kind}: {small.text()} in {wrt}: {failure}\n    (from {node.text()})"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--cases", type=int, default=80)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--jobs", type=int, default=2)
    o = options.parse_args()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        for report in pool.map(lambda seed: case(o.program, seed), range(o.first, o.first + o.cases)):
            if report:
                failed += 1
                print("FAIL", report, flush=True)
    print(f"{o.cases - failed} expressions agree in all verbs, {failed} do not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
