#!/usr/bin/env python3
"""The tables of commands, tests/data/cases/*.tsv: what each prints, its exit status, and its answer by value.

usage: cases.py PROGRAM FOLDER [-k WORD] [--settle] [--all-pending]   (exit status 1 where a row fails)

A row is `id, state, verb, arguments, status, checks`, with tabs between. State `pending` marks what is known to be wrong: the row
is reported and does not fail, but fails once it passes, so that the mark goes (`--settle` removes such marks, and rows
that pass in `--settle` lose theirs). Arguments are quoted as in a shell. Status is one or several (`1|2`). Checks stand between ` | `:

  has TEXT, lacks TEXT     in what is printed, on either stream          matches REGEX     the same, as a pattern
  error TEXT               on standard error                             within SECONDS
  formula TEXT             the formula (of a map: after the arrow) has the value of TEXT at random points
  adjoint TEXT             the same of the adjoint
  textbook TEXT            as `formula`, with at most half as many operations again, and two more
  code                     the NumPy code against finite differences of its own `function`
  call NAME JSON JSON      a function of the NumPy module, called by name with these arguments, returns this
  program JSON JSON        the NumPy program, called with these arguments in their order, returns these numbers
  value JSON, derivative JSON, warns, quiet          of eval
  limit TEXT, slope TEXT   the limit, the limit of the gradient, by value
  once TEXT                exactly once in what is printed               reads     the maps of the answer can be typed in again
  bound PATH LOW HIGH      a number of the JSON answer between these, or `unknown`
  json PATH TEXT           a field of the JSON answer: its text (of a list: joined by `, `), alternatives between ` or `; TEXT may begin
                           with `~` for a formula that is compared by value, with `!` for what it must not be
An argument that begins with `<<` is given on standard input instead, with \\n and \\uXXXX as in JSON.
Whatever a row asks, no command may crash, print a trace, or run longer than 20 seconds.
"""
import argparse
import concurrent.futures
import json
import pathlib
import re
import resource
import shlex
import subprocess
import sys
import tempfile

import numpy as np

import identities as base

FIELDS = ["id", "state", "verb", "arguments", "status", "checks"]
SIZES = [dict(n=3, p=4, m=5, q=2, d=3, k=2, r=2, g=3), dict(n=4, p=2, m=3, q=3, d=2, k=3, r=3, g=2)]
TRACES = ["Traceback", "Assertion", "std::", "max_size", "terminate called", "runtime error:", "Sanitizer", "internal error"]
SECONDS = 20
PENDING_SECONDS = 4


class Wrong(Exception):
    pass


def limits():
    if not limits.sanitized:
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))


limits.sanitized = False


def call(program, arguments, seconds=None, folder=None, typed=""):
    try:
        r = subprocess.run([program, *arguments], capture_output=True, text=True, errors="replace", timeout=seconds or SECONDS, cwd=folder,
                           preexec_fn=limits, input=typed)
    except subprocess.TimeoutExpired:
        raise Wrong(f"no end within {seconds or SECONDS} s") from None
    if r.returncode < 0 or r.returncode > 2:
        raise Wrong(f"ended with status {r.returncode}: {r.stderr.strip()[-300:]}")
    for word in TRACES:
        if word in r.stderr:
            raise Wrong(f"says {r.stderr.strip()[:300]!r}")
    return r


def option(arguments, name, otherwise=""):
    return arguments[arguments.index(name) + 1] if name in arguments else otherwise


def with_format(arguments, form):
    out = list(arguments)
    if "--format" in out:
        at = out.index("--format")
        del out[at:at + 2]
    return out + ["--format", form]


def declarations(given):
    return [d.strip() for d in given.split(";") if d.strip()]


def as_text(value):
    return json.dumps(np.asarray(value, float).tolist())


def evaluate(program, text, given, values):
    """The value of a formula by `eval`."""
    at = "; ".join(f"{k}={as_text(v)}" for k, v in values.items())
    r = call(program, ["eval", text, "--given", given, "--at", at, "--format", "json"])
    if r.returncode != 0:
        raise Wrong(f"{text!r} cannot be evaluated: {r.stderr.strip()[:300]}")
    v = json.loads(r.stdout)["value"]
    return np.asarray([np.nan if e is None else e for e in np.ravel(np.array(v, object))], float)


def draw(given, sizes, seed):
    """Random values for declarations: `identities.inputs`, and what bounds from above ask."""
    rng = np.random.default_rng(seed)
    base.inputs.scale = 1.0
    values = {k: v for k, v in base.inputs(declarations(given), sizes, rng).items() if not callable(v)}
    for d in declarations(given):
        if m := re.fullmatch(r"(\w+) <=? (\S+)", d):
            values[m[1]] = float(m[2]) - rng.uniform(0.2, 0.8)
    return values


def sized(text, given, sizes):
    """Sizes as numbers: `eval` must know all of them."""
    declared = {m[1] for d in declarations(given) if (m := re.match(r"(\w+) (in|:|=|>|<)", d))}
    return re.sub(r"\b[a-z]\b", lambda m: m[0] if m[0] in declared else str(sizes.get(m[0], m[0])), text)


class Row:
    def __init__(self, program, fields):
        self.program, self.fields = program, fields
        self.verb = fields["verb"]
        words = shlex.split(fields["arguments"])
        self.arguments = [w for w in words if not w.startswith("<<")]
        typed = [w[2:] for w in words if w.startswith("<<")]
        self.typed = json.loads('"' + typed[0].replace('"', '\\"') + '"') if typed else ""
        self.kept = {}

    def command(self):
        return shlex.join(["adjoint", self.verb, *self.arguments])

    def run(self, seconds):
        self.seconds = seconds
        with tempfile.TemporaryDirectory() as folder:
            r = call(self.program, [self.verb, *self.arguments], seconds, folder, self.typed)
        if str(r.returncode) not in self.fields["status"].split("|"):
            raise Wrong(f"status {r.returncode}: {(r.stderr or r.stdout).strip()[:300]}")
        self.result = r
        for check in filter(None, self.fields["checks"].split(" | ")):
            word, _, rest = check.strip().partition(" ")
            getattr(self, "check_" + word)(rest)

    def answer(self):
        if "answer" not in self.kept:
            r = call(self.program, [self.verb, *with_format(self.arguments, "json")], self.seconds)
            if r.returncode != 0:
                raise Wrong(f"no JSON: {r.stderr.strip()[:300]}")
            self.kept["answer"] = json.loads(r.stdout)
        return self.kept["answer"]

    def both(self):
        return self.result.stdout + self.result.stderr

    def check_has(self, text):
        if text not in self.both():
            raise Wrong(f"does not say {text!r} but {self.both().strip()[:300]!r}")

    def check_lacks(self, text):
        if text in self.both():
            raise Wrong(f"says {text!r}")

    def check_matches(self, pattern):
        if not re.search(pattern, self.both(), re.S):
            raise Wrong(f"does not match {pattern!r} but says {self.both().strip()[:300]!r}")

    def check_error(self, text):
        if text not in self.result.stderr:
            raise Wrong(f"the error is {self.result.stderr.strip()[:300]!r}, without {text!r}")

    def check_within(self, seconds):
        pass  # SECONDS holds for all

    def same(self, text, right, extra=""):
        """Two formulas at random points of the declared variables."""
        given = "; ".join(filter(None, [option(self.arguments, "--given"), extra]))
        words = set(re.findall(r"[A-Za-z_]\w*", text + " " + right))
        if any(re.search(rf"\b{re.sub('_(prime|second|grad|hess|jac)$', '', n)} :", given) for n in words):
            raise Wrong("abstract functions have no value")
        for seed, sizes in enumerate(SIZES):
            values = {k: v for k, v in draw(given, sizes, seed).items() if k in words}
            a, b = (evaluate(self.program, sized(t, given, sizes), sized(given, given, sizes), values) for t in (text, right))
            if a.size != b.size or not np.all(np.isfinite(b)) or not np.allclose(a, b, rtol=1e-8, atol=1e-9 * max(1, np.abs(b).max())):
                raise Wrong(f"{text[:200]} is not {right} (at draw {seed}: {a[:4]} and {b[:4]})")

    def formula(self, answer, part="formula"):
        text = answer[part]["text"]
        return text.split("->", 1)[1].strip() if "->" in text else text

    def direction(self):
        wrt = option(self.arguments, "--wrt")
        domain = next(m[1] for d in declarations(option(self.arguments, "--given")) if (m := re.fullmatch(rf"{wrt} in (.+)", d)))
        return domain.replace("PSD", "Sym").replace("PD", "Sym")

    def check_formula(self, right):
        answer = self.answer()
        text = answer["formula"]["text"]
        self.same(self.formula(answer), right, f"H in {self.direction()}" if "->" in text or re.search(r"\bH\b", right) else "")

    def check_adjoint(self, right):
        domain = re.search(r"^U in ([^:]*): ", right)
        self.same(self.formula(self.answer(), "adjoint"), right[domain.end():], "U in " + domain[1])

    def check_textbook(self, right):
        self.check_formula(right)
        most = 1.5 * base.textbook_operations(right) + 2
        if self.answer()["formula"]["nodes"] > most:
            raise Wrong(f"{self.formula(self.answer())[:200]} is long for {right}")

    def numpy(self):
        if self.verb == "codegen":
            return self.result.stdout
        if self.verb == "explain":
            return call(self.program, [self.verb, *with_format(self.arguments, "numpy")], self.seconds).stdout
        return self.answer()["code"]["numpy"]

    def check_code(self, _):
        """NumPy's derivative against differences; Python that does not run is wrong too."""
        space = self.space()
        given = declarations(option(self.arguments, "--given"))
        wrt = base.key(option(self.arguments, "--wrt"))
        for seed, sizes in enumerate(SIZES):
            rng = np.random.default_rng(seed + 5)
            values = draw(option(self.arguments, "--given"), sizes, seed)
            f, d = space["function"], space["derivative"]
            a = {k: v for k, v in ((base.key(k), v) for k, v in values.items()) if k in f.__code__.co_varnames[:f.__code__.co_argcount]}
            b = {k: v for k, v in ((base.key(k), v) for k, v in values.items()) if k in d.__code__.co_varnames[:d.__code__.co_argcount]}
            x = values[option(self.arguments, "--wrt")]
            domain = next((m[1] for g in given if (m := re.fullmatch(rf"{wrt} in (.+)", g))), "R")
            h = base.direction(domain, np.shape(x), rng)
            slope = base.numeric(lambda v: f(**{**a, wrt: v}), x, h)
            if "H" in d.__code__.co_varnames[:d.__code__.co_argcount]:
                moved = d(**b, H=h)
            else:
                array = np.asarray(d(**b), float)
                moved = np.sum(array * np.reshape(h, array.shape)) if np.size(slope) == 1 and array.size == np.size(h) else (
                    array * h if np.ndim(h) == 0 else array.reshape(np.size(slope), -1) @ np.ravel(h))
            if not base.close(moved, slope, 1e-6):
                raise Wrong(f"the code differs from finite differences: {np.ravel(moved)[:4]}, {np.ravel(slope)[:4]}")

    def space(self):
        if "space" not in self.kept:
            try:
                with np.errstate(all="ignore"):
                    self.kept["space"] = base.module(self.numpy())
            except SyntaxError as e:
                raise Wrong(f"the code is not Python: {e}") from None
        return self.kept["space"]

    @staticmethod
    def near(got, right, what):
        got, right = (np.ravel(np.array(v, object)) for v in (got, right))
        got, right = (np.array([np.nan if e is None else e for e in v], float) for v in (got, right))
        if got.shape != right.shape or not np.allclose(got, right, rtol=1e-6, atol=1e-9, equal_nan=True):
            raise Wrong(f"{what} is {got.tolist()}, not {right.tolist()}")

    def check_call(self, rest):
        name, rest = rest.split(" ", 1)
        arguments, at = json.JSONDecoder().raw_decode(rest)
        right = json.loads(rest[at:])
        with np.errstate(all="ignore"):
            got = self.space()[name](**{k: np.array(v, float) for k, v in arguments.items()})
        self.near(got, right, f"{name}(…)")

    def check_program(self, rest):
        arguments, at = json.JSONDecoder().raw_decode(rest)
        right = json.loads(rest[at:])
        with np.errstate(all="ignore"):
            got = self.space()["program"](*[np.array(v, float) for v in arguments])
        self.near(np.concatenate([np.ravel(g) for g in got]), np.concatenate([np.ravel(r) for r in right]), "program(…)")

    def check_value(self, rest):
        self.near(self.answer()["value"], json.loads(rest), "the value")

    def check_derivative(self, rest):
        self.near(self.answer()["derivative"], json.loads(rest), "the derivative")

    def check_warns(self, rest):
        warnings = self.answer()["warnings"]
        if not warnings or rest not in " ".join(warnings):
            raise Wrong(f"warnings are {warnings}" + (f", without {rest!r}" if rest else ""))

    def check_quiet(self, _):
        if self.answer()["warnings"]:
            raise Wrong(f"warns: {self.answer()['warnings']}")

    def check_limit(self, right):
        self.same(self.answer()["limit"]["value"], right)

    def check_slope(self, right):
        self.same(self.answer()["gradient"]["value"], right)

    def check_bound(self, rest):
        path, low, high = rest.split()
        text = self.field(path)
        if text == "unknown":
            return
        if text == "none":
            raise Wrong(f"{path} is none")
        v = float(evaluate(self.program, text, option(self.arguments, "--given"), {})[0])
        if not float(low) * (1 - 1e-9) <= v <= float(high):
            raise Wrong(f"{path} is {text}, not between {low} and {high}")

    def check_once(self, text):
        if self.both().count(text) != 1:
            raise Wrong(f"says {text!r} {self.both().count(text)} times")

    def check_reads(self, _):
        """Every formula of the answer can be typed in again."""
        for part in ("operator", "adjoint", "kronecker"):
            if part in self.answer():
                text = self.formula(self.answer(), part)
                given = option(self.arguments, "--given")
                r = call(self.program, ["derive", text, "--wrt", option(self.arguments, "--wrt"), "--given", given, "--format", "json"])
                if r.returncode == 2:
                    raise Wrong(f"{part} cannot be read back: {text[:200]}: {r.stderr[:200]}")

    def field(self, path):
        found = self.answer()
        for step in path.split("."):
            if not isinstance(found, dict) or step not in found:
                raise Wrong(f"there is no {path}")
            found = found[step]
        return ", ".join(map(str, found)) if isinstance(found, list) else str(found)

    def check_json(self, rest):
        path, _, wanted = rest.partition(" ")
        text = self.field(path)
        if wanted.startswith("!"):
            if text in wanted[1:].split(" or "):
                raise Wrong(f"{path} is {text}")
            return
        for alternative in wanted.split(" or "):
            if alternative.startswith("~"):
                try:
                    return self.same(text, alternative[1:])
                except Wrong:
                    continue
            if text == alternative:
                return
        raise Wrong(f"{path} is {text}, not {wanted}")


def read(path):
    rows = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            fields = line.split("\t")
            rows.append(dict(zip(FIELDS, fields + [""] * (len(FIELDS) - len(fields))), file=path))
    return rows[1:]


def outcome(program, fields):
    try:
        with np.errstate(all="ignore"):
            Row(program, fields).run(PENDING_SECONDS if fields["state"] == "pending" else SECONDS)
        return None
    except Wrong as e:
        return str(e)
    except Exception as e:  # a row that cannot be run has failed
        return f"{type(e).__name__}: {e}"


def settle(path, passed):
    lines = path.read_text().splitlines()
    for i, line in enumerate(lines):
        fields = line.split("\t")
        if len(fields) > 1 and fields[0] in passed and fields[1] == "pending":
            lines[i] = "\t".join([fields[0], "", *fields[2:]])
    path.write_text("\n".join(lines) + "\n")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("-k", default="", help="only the rows whose id or command contains this")
    options.add_argument("--settle", action="store_true", help="remove the marks of pending rows that pass")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--sanitized", action="store_true", help="no limit of memory, twenty times as long, nothing pending")
    o = options.parse_args()
    program = str(pathlib.Path(o.program).resolve())
    if o.sanitized:
        global SECONDS, PENDING_SECONDS
        limits.sanitized, SECONDS, PENDING_SECONDS = True, 20 * SECONDS, 20
    rows = [r for p in sorted(o.folder.glob("*.tsv")) for r in read(p) if o.k in r["id"] + " " + r["arguments"]]
    if o.sanitized:  # what is known to be wrong may run without end
        rows = [r for r in rows if r["state"] != "pending"]
    names = [r["id"] for r in rows]
    failed = [f"{n}: this id stands twice" for n in sorted(set(n for n in names if names.count(n) > 1))]
    pending, stale = [], []
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        for row, problem in zip(rows, pool.map(lambda r: outcome(program, r), rows)):
            text = f"{row['id']}: adjoint {row['verb']} {row['arguments']}\n      {problem}"
            if row["state"] == "pending":
                (pending if problem else stale).append(text)
            elif problem:
                failed.append(text)
    for text in pending:
        print("pending", text)
    if o.settle:
        for path in {r["file"] for r in rows}:
            settle(path, {t.split(":")[0] for t in stale})
    for text in stale:
        print("settled" if o.settle else "STALE MARK (it passes: remove `pending`, or run with --settle)", text.split("\n")[0])
    for text in failed:
        print("FAIL", text)
    print(f"{len(rows) - len(failed) - len(pending)} of {len(rows)} commands as they should be, {len(pending)} pending, {len(failed)} wrong")
    return 1 if failed or (stale and not o.settle) else 0


if __name__ == "__main__":
    sys.exit(main())
