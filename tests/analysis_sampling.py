#!/usr/bin/env python3
"""What `analyse` says of every case of identities.tsv, tried on points.

Where the printed conditions hold the function has a value and a first-order expansion; a finite Lipschitz constant
holds on pairs and is not beaten by a maximiser; gradient descent with step 1/L never climbs.

usage: analysis_sampling.py PROGRAM TABLE [--points N] [--pairs N] [--restarts N] [--list] [ID ...]
"""
import argparse
import sys
import warnings
from multiprocessing import Pool

import numpy as np
from scipy.optimize import minimize

import identities
from notation_values import holds, margin, value_of

SIZES = [dict(n=3, p=4, m=5, q=2, d=3, k=2), dict(n=4, p=2, m=3, q=5, d=2, k=3)]


class Case:
    """The answer to one row and the NumPy code of its function and derivative."""

    def __init__(self, program, row):
        self.row = row
        self.given = [d.strip() for d in row["given"].split(";") if d.strip()]
        asked = (row["expr"], "--given", row["given"], "--wrt", row["wrt"], "--format", "json")
        self.analysis = identities.run(program, "analyse", *asked)
        self.answer = identities.run(program, "derive", *asked)
        self.code = identities.module(self.answer["code"]["numpy"])
        f = self.code["function"].__code__
        self.arguments = f.co_varnames[: f.co_argcount]
        d = self.code["derivative"].__code__
        self.takes_direction = "H" in d.co_varnames[: d.co_argcount] and "H" not in self.arguments
        self.variable = row["wrt"]
        domains = dict(d.split(" in ") for d in self.given if " in " in d)
        self.domain = domains[self.variable]

    def names(self, values, sizes):
        return {**sizes, **values}

    def keyed(self, values, x=None):
        v = values if x is None else {**values, self.variable: x}
        return {identities.key(k): u for k, u in v.items() if identities.key(k) in self.arguments}

    def value(self, values, x=None):
        return np.asarray(self.code["function"](**self.keyed(values, x)), float)

    def slope(self, values, x=None):
        return np.asarray(self.code["derivative"](**self.keyed(values, x)), float)

    def along(self, values, h):
        """D f [h]."""
        if self.takes_direction:
            return np.asarray(self.code["derivative"](**self.keyed(values), H=h), float)
        d = self.slope(values)
        if np.ndim(h) == 0:
            return d * h
        return np.sum(d * np.reshape(h, d.shape)) if d.size == h.size else d @ np.reshape(h, -1)


def largest(v):
    return np.max(np.abs(v), initial=0)


def draw(case, sizes, rng, k):
    """Values for all symbols; the k-th draw decides the scale and what is awkward about the point."""
    identities.inputs.scale = [1.0, 1.0, 0.3, 3.0][k % 4]
    values = identities.inputs(case.given, sizes, rng)
    if k % 3 == 1:  # both signs where the declaration allows it
        for d in case.given:
            name, _, domain = d.partition(" in ")
            if domain.startswith("R^"):
                values[name] = values[name] * rng.choice([-1.0, 1.0], np.shape(values[name]))
            elif domain == "R" and not any(e.startswith((name + " >", name + " <")) for e in case.given):
                values[name] = values[name] * rng.choice([-1.0, 1.0])
    return values


def awkward(case, values, sizes, rng):
    """The same point with zeros, ties, rank drops and coincidences, as far as the declaration allows."""
    x, domain = values[case.variable], case.domain
    out = []
    if domain == "R":
        out = [0.0, 1.0, -1.0, 2.0, -x, 1e-6, 1e3]
    elif domain == "R+":
        out = [1e-6, 1.0, 1e6]
    elif domain.startswith("R^"):
        zero_entry, tie, ones = x.copy(), x.copy(), np.ones_like(x)
        zero_entry.reshape(-1)[rng.integers(x.size)] = 0
        tie.reshape(-1)[-1] = tie.reshape(-1)[0]
        top = x.copy()
        top.reshape(-1)[rng.choice(x.size, min(2, x.size), replace=False)] = np.max(x) + 1
        low = -top
        out = [np.zeros_like(x), zero_entry, tie, ones, -ones, top, low, -x, 1e-5 * x, 1e3 * x, np.round(x)]
        if x.ndim == 2:
            flat, column, row = x.copy(), x.copy(), x.copy()
            flat[-1] = 2 * flat[0]
            column[:, 0] = 0
            row[0] = 0
            out += [np.outer(x[:, 0], x[0]), flat, column, row, np.eye(*x.shape), -np.eye(*x.shape),
                    np.diag([1.0] + [0.0] * (max(x.shape) - 1))[: x.shape[0], : x.shape[1]],
                    np.vander(np.arange(1.0, x.shape[0] + 1), x.shape[1])]
    else:
        n = x.shape[0]
        kind = domain.partition("(")[0]
        rank_one = np.ones((n, n))
        out = {"Sym": [0 * x, np.eye(n), -np.eye(n), rank_one, x @ x, np.diag(np.arange(n) - 1.0)],
               "PSD": [0 * x, np.eye(n), rank_one, np.diag(np.arange(n) * 1.0), 1e3 * x],
               "PD": [np.eye(n), 1e-3 * np.eye(n), rank_one + np.eye(n), 1e3 * x],
               "Diag": [0 * x, np.eye(n), -x, np.diag(np.arange(n) * 1.0)],
               "Lower": [0 * x, np.eye(n), -x, np.tril(rank_one), np.diag(np.arange(n) * 1.0)],
               "Orth": [np.eye(n)]}[kind]
    for p in out:
        yield {**values, case.variable: p}
    movable = {name for name, _, d in (g.partition(" in ") for g in case.given) if d.startswith(("R^", "Sym", "Diag", "Lower")) or d == "R"}
    movable -= {g.split()[0] for g in case.given if " in " not in g}
    yield {k: np.zeros_like(v) if k in movable else v for k, v in values.items()}
    yield {k: np.zeros_like(v) if k in movable and k != case.variable else v for k, v in values.items()}
    for name, other in values.items():  # coincidences: equal arrays, residuals at zero
        if name == case.variable or callable(other) or np.ndim(other) == 0:
            continue
        if np.shape(other) == np.shape(x) and domain.startswith("R^"):
            yield {**values, case.variable: np.array(other)}
            mixed = np.array(x)
            mixed.reshape(-1)[0] = other.reshape(-1)[0]
            yield {**values, case.variable: mixed}
        for left in values.values():
            if np.ndim(left) == 2 and np.ndim(x) == 1 and left.shape == (np.size(other), np.size(x)) and np.ndim(other) == 1:
                yield {**values, name: left @ x}


def rounding(case, values, f0, rng, neighbours=3):
    """How much rounding alone moves the value: its spread over neighbours of the point."""
    x, spread = values[case.variable], 1e-16 * (1 + largest(f0))
    for _ in range(neighbours):
        near = case.value(values, x * (1 + 2e-16 * rng.standard_normal(np.shape(x))))
        spread = max(spread, largest(near - f0))
    return spread


def expansion_fails(case, values, h, room, rng):
    """Why f(x + t h) - f(x) - t Df(x)[h] is not o(t); nothing where it is, or where rounding hides it.

    `room` is the distance to where the conditions fail, as far as it is known.
    """
    x = values[case.variable]
    f0 = case.value(values)
    if not largest(f0) < 1e80:
        return None
    noise, scale = rounding(case, values, f0, rng), min(max(0.1, largest(x)), room)
    d = case.along(values, h)
    given = bool(np.all(np.isfinite(d)))
    steps = 10.0 ** np.arange(np.log10(scale) - 2, min(np.log10(scale) - 10, -8), -1.0)
    errors = []
    for t in steps:
        try:
            plus, minus = case.value(values, x + t * h), case.value(values, x - t * h)
        except (np.linalg.LinAlgError, ValueError):  # outside
            return None
        if not largest(plus) + largest(minus) < 1e80:
            return None
        # Where the formula has no value (prod(x)./x at 0) the slopes to both sides must still agree.
        slope = d if given else (plus - minus) / (2 * t)
        errors.append(max(largest(plus - f0 - t * slope), largest(f0 - minus - t * slope)) / t)
    size = max(largest(d) if given else 0, 1e-3 * largest(f0) / scale, errors[0], 1e-9)
    if min(errors) > 1e-4 * size:  # before judging, a closer look: few neighbours may all round alike
        noise = max(noise, rounding(case, values, f0, rng, 40))
    clear = [e for e, t in zip(errors, steps) if 200 * noise / t <= 1e-4 * size]
    if len(clear) < 3 or min(clear) <= 1e-4 * size:
        return None
    first, middle, last = clear[0], clear[len(clear) // 2], clear[-1]
    falls = last <= 0.75 * middle and middle <= 0.75 * first  # |t|^p with p close to 1
    return None if falls else f"off by {min(clear):.1e} beside {size:.1e}"


def taylor(case, points, rng):
    """(points tried, problems) for the conditions of definition and differentiability.

    A condition that fails at no point, not even an awkward one, is one that everywhere satisfies.
    """
    tried, problems = 0, []
    a = case.analysis
    idle = set(a["defined"] + a["differentiable"] + a["twice"]) - {"everywhere"}
    for sizes in SIZES:
        for k in range(points):
            values = draw(case, sizes, rng, k)
            batch = [values] + (list(awkward(case, values, sizes, rng)) if k % 10 == 0 else [])
            for v in batch:
                names = case.names(v, sizes)
                idle -= {c for c in idle if holds([c], names) is not True}
                defined = holds(a["defined"], names)
                if defined:
                    try:
                        if not np.all(np.isfinite(case.value(v))) and largest(v[case.variable]) < 100:
                            problems.append(("no value where defined", v))
                            continue
                    except (np.linalg.LinAlgError, ValueError) as e:
                        problems.append((f"no value where defined: {e}", v))
                        continue
                if not defined or not holds(a["differentiable"], names):
                    continue
                tried += 1
                for _ in range(2):
                    h = identities.direction(case.domain, np.shape(v[case.variable]), rng)
                    wrong = expansion_fails(case, v, h, margin(a["differentiable"], names), rng)
                    if wrong:
                        problems.append((wrong, v))
                        break
    problems += [(f"'{c}' holds everywhere", {}) for c in idle]
    return tried, problems


def shift(case, x, rng, k):
    """A second point of the declared set."""
    if case.domain == "R+":
        return x * np.exp(rng.standard_normal() * [0.01, 1.0, 4.0][k % 3])
    size = largest(x) + 0.1
    h = identities.direction(case.domain, np.shape(x), rng) * size * [1e-3, 0.3, 3.0, 30.0][k % 4]
    if not case.domain.startswith(("PD", "PSD")):
        return x + h
    w, q = np.linalg.eigh(x)
    mixed = q @ np.diag(w * np.exp(rng.standard_normal(w.shape))) @ q.T + 0 * h
    return mixed if k % 2 else mixed + h @ h


def quotient(case, which, values, x, y):
    f = case.value if which == "value" else case.slope
    a, b = f(values, x), f(values, y)
    noise = 1e-14 * (np.linalg.norm(a) + np.linalg.norm(b)) + 1e-300
    return max(0.0, np.linalg.norm(a - b) - noise) / max(np.linalg.norm(np.subtract(x, y)), 1e-300)


def admissible(case, conditions, values, x, sizes):
    return conditions == ["everywhere"] or holds(conditions, case.names({**values, case.variable: x}, sizes))


def lipschitz(case, which, pairs, restarts, rng):
    """The largest share of the printed constant that is met, and where; nothing where there is no constant."""
    bound = case.analysis.get("lipschitz", {}).get(which, "none")
    if bound in ("none", "unknown"):
        return None
    conditions = case.analysis["defined" if which == "value" else "differentiable"]
    share, where = 0.0, None

    def note(values, x, y, constant):
        nonlocal share, where
        with np.errstate(all="ignore"):
            q = quotient(case, which, values, x, y)
        if not np.isfinite(q):
            return
        s = q / constant if constant > 0 else (0.0 if q < 1e-9 else np.inf)
        if s > share:
            share, where = s, (values, y)

    draws = 10
    for k in range(draws):
        sizes = SIZES[k % 2]
        values = draw(case, sizes, rng, k)
        constant = float(value_of(bound, case.names(values, sizes)))
        for i in range(pairs // draws):
            x = shift(case, values[case.variable], rng, i)
            y = shift(case, x, rng, i // 4)
            if admissible(case, conditions, values, x, sizes) and admissible(case, conditions, values, y, sizes):
                note(values, x, y, constant)
    for k in range(restarts):
        sizes = SIZES[k % 2]
        values = draw(case, sizes, rng, k)
        constant = float(value_of(bound, case.names(values, sizes)))
        best = steepest(case, which, values, sizes, conditions, rng, k)
        if best:
            note(values, *best, constant)
    return share, where


def steepest(case, which, values, sizes, conditions, rng, k):
    """A pair of points with a large quotient, by local search from a random pair."""
    x0 = np.asarray(values[case.variable], float)
    shape, free = x0.shape, case.domain == "R+" or case.domain[:2] in ("R", "R^")
    if case.domain == "R+":
        to = lambda u: np.exp(u)
    elif free:
        to = lambda u: u
    else:
        to = lambda u: constrained(case.domain, u)

    def target(z):
        x, y = to(z[: x0.size].reshape(shape)), to(z[x0.size:].reshape(shape))
        if np.linalg.norm(np.subtract(x, y)) < 1e-4 * (1e-3 + np.linalg.norm(x)):
            return 0.0
        try:
            q = quotient(case, which, values, x, y)
        except (np.linalg.LinAlgError, ValueError):
            return 0.0
        return -q if np.isfinite(q) else 0.0

    start = np.concatenate([x0.reshape(-1), x0.reshape(-1)])
    start = [0.1, 1.0, 5.0][k % 3] * (start * (k % 2) + rng.standard_normal(start.size))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        z = minimize(target, start, method="L-BFGS-B" if k % 2 else "Powell", options={"maxfun": 2000, "maxiter": 60}).x
    x, y = to(z[: x0.size].reshape(shape)), to(z[x0.size:].reshape(shape))
    if np.linalg.norm(np.subtract(x, y)) == 0:
        return None
    good = all(admissible(case, conditions, values, p, sizes) for p in (x, y))
    return (x, y) if good else None


def constrained(domain, u):
    kind = domain.partition("(")[0]
    if kind == "Sym":
        return (u + u.T) / 2
    if kind in ("PD", "PSD"):
        return u @ u.T + 1e-6 * np.eye(u.shape[0])
    if kind == "Diag":
        return np.diag(np.diag(u))
    return np.tril(u) if kind == "Lower" else u


def descent(case, rng, steps=60):
    """The first step of size 1/L at which f climbs, in words."""
    bound = case.analysis.get("lipschitz", {}).get("gradient", "none")
    if bound in ("none", "unknown", "0") or not case.domain.startswith(("R^", "Sym", "Diag", "Lower")) and case.domain != "R":
        return False, None
    for k in range(4):
        sizes = SIZES[k % 2]
        values = draw(case, sizes, rng, k)
        constant = float(value_of(bound, case.names(values, sizes)))
        x = np.asarray(values[case.variable], float) * [1, 10][k // 2]
        f = float(case.value(values, x))
        for step in range(steps):
            g = case.slope(values, x).reshape(np.shape(x))
            x = x - g / constant
            after = float(case.value(values, x))
            if after > f - 0.5 * np.sum(g * g) / constant * (1 - 1e-6) + 1e-12 * (1 + abs(f)):
                return True, f"step {step}: from {f} to {after} with L = {constant}"
            f = after
    return True, None


def shown(values):
    return {k: np.round(v, 4).tolist() for k, v in values.items() if not callable(v)}


def work(task):
    program, row, o = task
    identities.ABSTRACT  # callables are made anew in every process
    rng = np.random.default_rng(abs(hash(row["id"])) % 2**32 if o.random else sum(map(ord, row["id"])))
    problems, notes = [], {"id": row["id"]}
    try:
        case = Case(program, row)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notes["tried"], wrong = taylor(case, o.points, rng)
            problems += [f"{w} at {shown(v)}" for w, v in wrong[:3]] + ([f"{len(wrong)} points in all"] if len(wrong) > 3 else [])
            if not notes["tried"]:
                problems.append("no point satisfied the conditions")
            for which in ("value", "gradient"):
                found = lipschitz(case, which, o.pairs, o.restarts, rng)
                if found is None:
                    continue
                notes[which] = found[0]
                if found[0] > 1 + 1e-6:
                    problems.append(f"{case.analysis['lipschitz'][which]} of the {which} is exceeded by {found[0]:.4f} at {shown(found[1][0])}, {np.round(found[1][1], 4).tolist()}")
            notes["descent"], climbs = descent(case, rng)
            if climbs:
                problems.append("gradient descent climbs: " + climbs)
        a = case.analysis
        notes["conditions"] = sorted(set(a["defined"] + a["differentiable"] + a["twice"]) - {"everywhere"})
    except Exception as e:  # a case that cannot be run has failed
        problems.append(f"{type(e).__name__}: {str(e)[:300]}")
    return row, problems, notes


def main():
    o = argparse.ArgumentParser()
    o.add_argument("program")
    o.add_argument("table")
    o.add_argument("ids", nargs="*")
    o.add_argument("--points", type=int, default=12)
    o.add_argument("--pairs", type=int, default=300)
    o.add_argument("--restarts", type=int, default=0)
    o.add_argument("--jobs", type=int, default=2)
    o.add_argument("--random", action="store_true")
    o.add_argument("--list", action="store_true")
    o = o.parse_args()
    lines = [l.rstrip("\n") for l in open(o.table) if not l.startswith("#")]
    names = lines[0].split("\t")
    rows = [dict(zip(names, l.split("\t") + [""] * 8)) for l in lines[1:] if l]
    rows = [r for r in rows if not o.ids or r["id"] in o.ids]
    failed = tried = constants = descents = conditioned = 0
    with Pool(o.jobs) as pool:
        for row, problems, notes in pool.imap(work, [(o.program, r, o) for r in rows]):
            failed += bool(problems)
            tried += notes.get("tried", 0)
            constants += ("value" in notes) + ("gradient" in notes)
            descents += notes.get("descent", False)
            conditioned += bool(notes.get("conditions"))
            if problems or o.list:
                shares = " ".join(f"{w} {notes[w]:.3f}" for w in ("value", "gradient") if w in notes)
                print("FAIL" if problems else "ok  ", row["id"], shares, "; ".join(notes.get("conditions", [])), flush=True)
            for p in problems:
                print("       ", p)
    print(f"{len(rows) - failed} passed, {failed} failed: {tried} points with a first-order expansion, {constants} constants, "
          f"{descents} descents; {conditioned} cases carry a condition")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
