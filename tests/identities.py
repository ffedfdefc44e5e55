#!/usr/bin/env python3
"""Every case of identities.tsv: the NumPy code of the answer against finite differences and the textbook.

usage: identities.py PROGRAM TABLE [ID ...]   (exit status 1 where a case fails)
"""
import json
import re
import subprocess
import sys

import numpy as np

ABSTRACT = {
    "rho": (np.sin, np.cos, lambda t: -np.sin(t)),
    "g": (np.cos, lambda t: -np.sin(t), lambda t: -np.cos(t)),
}


def run(program, *args):
    r = subprocess.run([program, *args], capture_output=True, text=True, timeout=60)
    if r.returncode != 0:
        raise RuntimeError(r.stderr.strip() or f"status {r.returncode}")
    return json.loads(r.stdout)


def module(code):
    space = {}
    exec(code, space)
    return space


def size(text, sizes):
    return int(eval(text.replace("^", "**"), {}, sizes))


def inputs(given, sizes, rng):
    """Values (and callables) for a list of declarations."""
    values, bounds = {}, {}
    for d in given:
        m = re.fullmatch(r"(\w+) (>=|>) (\S+)", d)
        if m:
            bounds[m[1]] = float(m[3])
    for d in given:
        m = re.fullmatch(r"(\w+) : (\S+) -> (\S+)", d)
        if m:
            values.update(callables(m[1], m[2], m[3], sizes))
            continue
        m = re.fullmatch(r"(\w+) in (.+)", d)
        if not m:
            continue
        values[m[1]] = value(m[1], m[2], sizes, rng, bounds)
    return values


inputs.scale = 1.0


def callables(name, source, target, sizes):
    if source == "R" and target == "R":
        f, d, s = ABSTRACT.get(name, ABSTRACT["rho"])
        return {name: f, name + "_prime": d, name + "_second": s}
    n = size(source[2:].strip("()"), sizes)
    w = np.cos(np.arange(n) + 1.0)
    if target == "R":
        return {
            name: lambda v: np.sin(w @ v) + np.sum(v**3) / 3,
            name + "_grad": lambda v: np.cos(w @ v) * w + v**2,
            name + "_hess": lambda v: -np.sin(w @ v) * np.outer(w, w) + np.diag(2 * v),
        }
    m = size(target[2:].strip("()"), sizes)
    M = np.sin(np.arange(m * n).reshape(m, n) + 1.0)
    return {name: lambda v: np.tanh(M @ v), name + "_jac": lambda v: (1 - np.tanh(M @ v) ** 2)[:, None] * M}


def value(name, domain, sizes, rng, bounds):
    positive = inputs.scale * rng.uniform(0.4, 1.6, 1)[0]
    if domain == "R":
        return bounds[name] + positive if name in bounds else positive
    if domain == "R+":
        return positive
    m = re.fullmatch(r"(\w+)\((.*)\)", domain)
    if m and m[1] in ("Sym", "PSD", "PD", "Diag", "Lower", "Orth"):
        n = size(m[2], sizes)
        a = rng.standard_normal((n, n))
        return {
            "Sym": (a + a.T) / 2, "PSD": a @ a.T / n, "PD": a @ a.T / n + 0.5 * np.eye(n),
            "Diag": np.diag(rng.uniform(0.5, 1.5, n)), "Lower": np.tril(a, -1) + np.diag(rng.uniform(0.5, 1.5, n)),
            "Orth": np.linalg.qr(a)[0],
        }[m[1]]
    m = re.fullmatch(r"R\^\(?(.*?)\)?", domain)
    shape = [size(s, sizes) for s in m[1].split(",")]
    return inputs.scale * rng.uniform(0.2, 1.4, shape)


def direction(domain, shape, rng):
    h = rng.standard_normal(shape)
    if domain.startswith(("Sym", "PSD", "PD")):
        h = (h + h.T) / 2
    if domain.startswith("Diag"):
        h = np.diag(np.diag(h))
    if domain.startswith("Lower"):
        h = np.tril(h)
    return h


def close(a, b, tolerance):
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.size != b.size:
        return False
    a, b = a.reshape(-1), b.reshape(-1)
    return np.linalg.norm(a - b) <= tolerance * max(1e-3, np.linalg.norm(b))


def numeric(f, x, h):
    t = 1e-5
    return (np.asarray(f(x + t * h)) - np.asarray(f(x - t * h))) / (2 * t)


def along(order, f, v, h, kind, space, arguments, w):
    """The derivative of what is one order below, along h, by differences."""
    if order == 1:
        return numeric(lambda x: space["function"](**{**arguments, w: x}), v, h)
    first = arguments["__first__"]
    return numeric(lambda x: first(**{**arguments["__clean__"], w: x}), v, h)


def key(name):
    return name + "_" if name in ("lambda", "in", "is", "if", "for", "as", "or", "and", "not", "def") else name


def check(program, row, sizes, seed):
    given = [d.strip() for d in row["given"].split(";") if d.strip()]
    domains = dict(re.fullmatch(r"(\w+) in (.+)", d).groups() for d in given if " in " in d)
    answer = run(program, "derive", row["expr"], "--given", row["given"], "--wrt", row["wrt"], "--order", row["order"],
                 "--format", "json")
    problems = []
    if row["kind"] and answer["kind"] != row["kind"]:
        problems.append(f"kind {answer['kind']}, not {row['kind']}")
    space = module(answer["code"]["numpy"])
    rng = np.random.default_rng(seed)
    values = inputs(given, sizes, rng)
    used = set(space["function"].__code__.co_varnames[: space["function"].__code__.co_argcount])
    arguments = {key(k): v for k, v in values.items() if key(k) in used}
    w = key(row["wrt"])
    x = arguments[w]
    order = int(row["order"])
    is_map = "->" in answer["formula"]["text"]
    below = space["function"]
    if order == 2:
        first = run(program, "derive", row["expr"], "--given", row["given"], "--wrt", row["wrt"], "--format", "json")
        below = module(first["code"]["numpy"])["derivative"]
        names = set(below.__code__.co_varnames[: below.__code__.co_argcount])
        below_arguments = {key(k): v for k, v in values.items() if key(k) in names}
    else:
        below_arguments = arguments
    h = direction(domains[row["wrt"]], np.shape(x), rng)
    slope = numeric(lambda p: below(**{**below_arguments, w: p}), x, h)
    textbook = None
    if row["textbook"]:
        text, extra = row["textbook"], row["given"]
        if "->" in text:
            text = text.split("->", 1)[1].strip()
            extra += f"; H in {domains[row['wrt']].replace('PSD', 'Sym').replace('PD', 'Sym')}"
        book = run(program, "derive", text, "--given", extra, "--wrt", row["wrt"], "--format", "json")
        textbook = module(book["code"]["numpy"])["function"]
        book_names = set(textbook.__code__.co_varnames[: textbook.__code__.co_argcount])
        row["book_text"] = text
    if is_map:
        d = space["derivative"](**arguments, H=h)
        if not close(d, slope, 1e-6):
            problems.append("operator differs from finite differences")
        u = rng.standard_normal(np.shape(d))
        left, right = np.sum(u * d), np.sum(space["adjoint"](**arguments, U=u) * h)
        if abs(left - right) > 1e-9 * max(1, abs(left)):
            problems.append("adjoint does not fit")
        J = space["kronecker"](**arguments)
        if not close(J @ np.reshape(h, -1, order="F"), np.reshape(d, -1, order="F"), 1e-9):
            problems.append("kronecker does not fit")
        if textbook:
            everything = {key(k): v for k, v in {**sizes, **values, "H": h}.items() if key(k) in book_names}
            if not close(d, textbook(**everything), 1e-9):
                problems.append("operator differs from the textbook")
    else:
        d = np.asarray(space["derivative"](**arguments), float)
        moved = d * h if np.ndim(h) == 0 else (np.sum(d * np.reshape(h, d.shape)) if answer["kind"] == "gradient" else d @ np.reshape(h, -1))
        if not close(moved, slope, 1e-6):
            problems.append("derivative differs from finite differences")
        if textbook:
            everything = {key(k): v for k, v in {**sizes, **values}.items() if key(k) in book_names}
            if not close(d, textbook(**everything), 1e-9):
                problems.append("derivative differs from the textbook")
    return problems, answer


def attempt(program, row, sizes, seed):
    """Some cases hold only for tall or only for wide matrices, some only for small numbers: another draw then."""
    tries = []
    for swap in (False, True):
        for scale in (1.0, 0.4):
            s = dict(sizes)
            if swap:
                s["n"], s["p"] = s["p"], s["n"]
            inputs.scale = scale
            try:
                with np.errstate(all="raise", under="ignore"):
                    problems, answer = check(program, row, s, seed)
            except (np.linalg.LinAlgError, FloatingPointError) as e:
                tries.append(([f"{type(e).__name__}: {e}"], None))
                continue
            if not problems:
                return problems, answer
            tries.append((problems, answer))
    return next((t for t in tries if t[1]), tries[0])


def textbook_operations(text):
    """Operators, calls, indices and blocks one each, as in the contract; names and numbers none."""
    text = text.split("->", 1)[1] if "->" in text else text
    tokens = re.findall(r"\.\*|\./|\.\^|[A-Za-z_]\w*|\d+\.?\d*(?:e-?\d+)?|.", text.replace(" ", ""))
    count, previous = 0, ""
    opened = []
    for t in tokens:
        if t in ("+", "-", "*", "/", ".*", "./", "^", ".^", "'", "\\"):
            count += 1
        elif t == "(":
            call = re.fullmatch(r"[A-Za-z_]\w*", previous) is not None
            count += call
            opened.append(t)
        elif t == "[":
            count += 1
            opened.append(t)
        elif t in ")]":
            opened.pop()
        previous = t
    return count


def main():
    program, table, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
    lines = [l.rstrip("\n") for l in open(table) if not l.startswith("#")]
    names = lines[0].split("\t")
    rows = [dict(zip(names, l.split("\t") + [""] * 8)) for l in lines[1:] if l]
    if wanted:
        rows = [r for r in rows if any(r["id"].startswith(w) for w in wanted)]
    size_sets = [dict(n=3, p=4, m=5, q=2, d=3, k=2), dict(n=5, p=3, m=4, q=6, d=2, k=3)]
    ratios, failed = [], 0

    def work(row):
        try:
            out = []
            for k, sizes in enumerate(size_sets):
                problems, answer = attempt(program, row, sizes, k)
                out += [f"{p} (sizes {k + 1})" for p in problems]
            return row, out, answer
        except Exception as e:  # a case that cannot be run has failed
            return row, [f"{type(e).__name__}: {str(e)[:300]}"], None

    for row, problems, answer in map(work, rows):
        note = ""
        if answer and row["textbook"]:
            mine, book = answer["formula"]["nodes"], textbook_operations(row["textbook"])
            ratios.append(mine / max(book, 1))
            note = f"{mine:3d} of {book:3d}"
            if mine > 2 * book + 3:
                problems.append(f"{mine} operations where the textbook has {book}")
        failed += bool(problems)
        text = answer["formula"]["text"] if answer else ""
        print(f"{'FAIL' if problems else 'ok  '} {row['id']:<16} {note:>11}  {text}")
        for p in problems:
            print("       ", p)
    if ratios:
        print(f"operations against the textbook: median {np.median(ratios):.2f}, most {max(ratios):.2f}")
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
