#!/usr/bin/env python3
"""Iterated maps: what is printed is right, and the time grows with the graph.

growth.py PROGRAM            the quick test
growth.py PROGRAM --table    time of every verb on every map at 50 to 800 steps, with the exponent against the steps
"""
import math
import resource
import subprocess
import sys


def steps(step, start, count):
    """Definitions y1 = step(start); y2 = step(y1); … and the last name."""
    lines, name = [], start
    for k in range(1, count + 1):
        lines.append("y%d = %s" % (k, step.replace("Y", name)))
        name = "y%d" % k
    return "; ".join(lines), name


SCALARS = "r in R; a in R+; y in R+; x in R"
ARRAYS = "A in R^(3,3); b in R^3; c in R^3; y in R^3; t in R; rho : R -> R"
# name: (step, function of the last name, variable, declarations)
ITERATED = {
    "logistic": ("r*Y*(1-Y)", "Y", "y", SCALARS),
    "sine": ("sin(Y)*Y", "Y", "y", SCALARS),
    "newton": ("(Y+a/Y)/2", "Y", "a", SCALARS),
    "gated": ("Y.*rho(Y)", "sum(Y)", "y", ARRAYS),
    "layers": ("A'*rho(A*Y)", "sum(Y)", "y", ARRAYS),
    "residual": ("Y+A'*rho(A*Y)", "norm(Y)^2/2", "y", ARRAYS),
    "residual in A": ("Y+A'*rho(A*Y)", "norm(Y)^2/2", "A", ARRAYS),
    "gradient steps": ("Y-t*A'*(A*Y-b)", "norm(A*Y-b)^2/2", "y", ARRAYS),
    "in the step": ("Y-t*A'*(A*Y-b)", "norm(A*Y-b)^2/2", "t", ARRAYS),
    "logistic loss": ("Y+t*A'*(c./(1+exp(c.*(A*Y))))", "sum(log(1+exp(-c.*(A*Y))))", "y", ARRAYS),
}


def problem(name, count):
    """Expression, variable, declarations and definitions."""
    if name in ITERATED:
        step, function, variable, given = ITERATED[name]
        lines, last = steps(step, "y", count)
        return function.replace("Y", last), variable, given + "; " + lines
    if name == "product":
        return "*".join("(x+%d)" % k for k in range(1, count + 1)), "x", SCALARS
    if name == "sum":
        return "+".join("sin(%d*x)" % k for k in range(1, count + 1)), "x", SCALARS
    if name == "nested":
        return "f(" * count + "x" + ")" * count, "x", SCALARS + "; f(z) = sin(z)*z"
    if name == "hessian":
        lines, last = steps("tanh(A*Y)", "y", count)
        return "norm(%s)^2/2" % last, "y", ARRAYS + "; " + lines
    return "A^%d*y" % count, "y", ARRAYS


NAMES = [*ITERATED, "product", "sum", "nested", "hessian", "power"]


def run(program, verb, expression, given, *options):
    """Output, status, and seconds of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    p = subprocess.run([program, verb, "-", "--given", given, *options], input=expression, capture_output=True,
                       text=True, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return p, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def asked(program, verb, name, count):
    expression, variable, given = problem(name, count)
    options = ["--wrt", variable]
    if name == "hessian" and verb == "derive":
        options += ["--order", "2"]
    if verb == "eval":
        options += ["--at", AT]
        given = given.replace("; rho : R -> R", "").replace("rho(", "tanh(")
    return run(program, verb, expression, given, *options)


AT = ("x=0.31; r=1.7; a=2.5; t=0.05; A=[[0.4,-0.3,0.2],[0.1,0.5,-0.4],[0.3,0.2,0.6]]; b=[1,-2,0.5]; "
      "c=[1,-1,1]; y=")


def at(name):
    return AT + ("[0.3,-0.2,0.5]" if ARRAYS in problem(name, 1)[2] else "0.4")


def values(text):
    """The numbers in an answer of eval."""
    for mark in "[],":
        text = text.replace(mark, " ")
    return [float(w) for w in text.split() if w not in ("value:", "derivative:")]


def read_back(program, name, count):
    """The printed derivative, typed in again, has the value that eval finds. Returns what is wrong."""
    expression, variable, given = problem(name, count)
    given = given.replace("; rho : R -> R", "").replace("rho(", "tanh(")
    known = given.split("; y1 =")[0]
    names = {d.split(" in ")[0] for d in known.split("; ")}
    point = "; ".join(v for v in at(name).split("; ") if v.split("=")[0] in names)
    p, _ = run(program, "derive", expression, given, "--wrt", variable)
    if p.returncode != 0:
        return "derive: " + p.stderr
    q, _ = run(program, "eval", p.stdout, known, "--at", point)
    r, _ = run(program, "eval", expression, given, "--wrt", variable, "--at", point)
    if q.returncode != 0 or r.returncode != 0:
        return "eval: " + q.stderr + r.stderr
    derivative = [line for line in r.stdout.splitlines() if line.startswith("derivative:")][0]
    found, due = values(q.stdout.splitlines()[0]), values(derivative)
    if len(found) != len(due):
        return "%d numbers where %d are due" % (len(found), len(due))
    scale = max(map(abs, due))
    worst = max(abs(f - d) for f, d in zip(found, due))
    return "" if worst <= 1e-9 * max(scale, 1e-12) else "read back %g, right %g" % (found[0], due[0])


# Processor seconds that a question may take at 100 and at 400 steps: most is the start of the program, so that the
# bound is on what four times the steps add. The exponent 1.3 would make it 6.1; the margin is for busy machines.
FACTOR = 12
TIMED = [("derive", "residual"), ("explain", "residual")]


def quick(program):
    failures = []
    for name in NAMES:
        if name in ("hessian", "power"):
            continue
        for count in (3, 9):
            wrong = read_back(program, name, count)
            if wrong:
                failures.append("%s, %d steps: %s" % (name, count, wrong))
    for verb, name in TIMED:
        start = min(asked(program, verb, name, 2)[1] for _ in range(2))
        few = min(asked(program, verb, name, 100)[1] for _ in range(2)) - start
        many = asked(program, verb, name, 400)[1] - start
        if many > FACTOR * max(few, 0.02):
            failures.append("%s of %s: %.3f s at 100 steps, %.3f s at 400" % (verb, name, few, many))
    for f in failures:
        print("FAILED", f)
    print("growth: %d failures" % len(failures))
    return 1 if failures else 0


def table(program, names, verbs):
    sizes = (50, 100, 200, 400, 800)
    print("%-16s %-8s" % ("map", "verb"), *("%8d" % s for s in sizes), "exponent")
    for name in names:
        for verb in verbs:
            start = asked(program, verb, name, 1)[1]
            row = []
            for s in sizes:
                try:
                    p, seconds = asked(program, verb, name, s)
                except subprocess.TimeoutExpired:
                    break
                row.append(seconds)
                if p.returncode or seconds > 20:
                    break
            shown = ["%8.3f" % s for s in row] + ["%8s" % "-"] * (len(sizes) - len(row))
            net = [max(s - start, 1e-3) for s in row]
            exponent = math.log(net[-1] / net[-3]) / math.log(4) if len(net) > 2 else math.inf
            print("%-16s %-8s" % (name, verb), *shown, "%8.2f" % exponent, flush=True)


if __name__ == "__main__":
    if "--table" in sys.argv:
        chosen = [a for a in sys.argv[2:] if not a.startswith("--")]
        table(sys.argv[1], [n for n in NAMES if not chosen or n in chosen], ["derive", "explain", "analyse", "codegen"])
        sys.exit(0)
    sys.exit(quick(sys.argv[1]))
