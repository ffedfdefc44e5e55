#!/usr/bin/env python3
"""Input that is wrong: one to three lines on standard error, the right status, nothing lost.

usage: bad_input.py PROGRAM   (exit status 1 where a case fails)
"""
import os
import subprocess
import sys
import tempfile

GIVEN = "x in R^n; y in R^m; A in R^(m,n); B in R^(m,n); S in PD(k)"
DEEP = 10**5


def derive(expression, *more, given=GIVEN, wrt="x"):
    return ["derive", expression, "--given", given, "--wrt", wrt, *more]


# name, arguments, status, words of which one must be in the error
CASES = [
    ("unknown function", derive("nrm(A*x-y)"), 2, ["nrm"]),
    ("unknown name in eval", ["eval", "norm(x-z)", "--at", "x=[1,2]"], 2, ["z"]),
    ("wrong shape", derive("A*y"), 2, ["(m,n)"]),
    ("wrong shape in a sum", derive("x+y"), 2, ["(n,1)"]),
    ("missing operand", derive("norm(A*x-)"), 2, ["expected"]),
    ("missing operand in front", derive("*x"), 2, ["expected"]),
    ("empty expression", derive(""), 2, ["expected"]),
    ("unbalanced: open", derive("norm((A*x-y)^2"), 2, [")"]),
    ("unbalanced: closed", derive("norm(A*x-y))^2"), 2, [")"]),
    ("unbalanced: bracket", derive("x[1"), 2, ["]"]),
    ("unknown size", derive("sum(x)*ones(q)'*ones(q)"), 2, ["q"]),
    ("unknown size in a declaration", derive("sum(x)", given="x in R^n^2"), 2, ["R^"]),
    ("division of matrices", derive("sum(sum(A/B))*x"), 2, ["(m,n)"]),
    ("inverse of a rectangular matrix", derive("inv(A)*y"), 2, ["(m,n)", "square"]),
    ("determinant of a vector", derive("det(x)"), 2, ["(n,1)", "square"]),
    ("unknown variable", derive("norm(x)", wrt="3"), 2, ["3"]),
    ("contradiction of declarations", derive("sum(x)", given="x in R^n; x in R^(n,n)"), 2, ["x"]),
    ("unknown domain", derive("sum(x)", given="x in Foo(n)"), 2, ["Foo"]),
    ("no such order", derive("sum(x)", "--order", "-1"), 2, ["order"]),
    ("no such format", derive("sum(x)", "--format", "nonsense"), 2, ["nonsense"]),
    ("no such verb", ["derivate", "x"], 2, ["derivate"]),
    ("no variable", ["derive", "norm(A*x)"], 2, ["wrt"]),
    ("value without a shape that fits", ["eval", "A*x", "--at", "A=[[1,2],[3,4]]; x=[1,2,3]"], 2, ["x", "A"]),
    ("value that is no array", ["eval", "sum(x)", "--at", "x=[1,[2]]"], 2, ["x", "1,["]),
    ("value missing", ["eval", "sum(x)", "--at", ""], 2, ["x"]),
    ("sqrtm of what is not PSD", ["eval", "sqrtm(A)", "--at", "A=[[1,0],[0,-1]]"], 2, ["sqrtm", "root", "semi"]),
    ("inverse of a singular matrix", ["eval", "inv(A)", "--at", "A=[[1,1],[1,1]]"], 2, ["singular", "inv"]),
    ("factor of what is not PD", ["eval", "chol(A)", "--at", "A=[[1,0],[0,-1]]"], 2, ["definite", "chol"]),
    ("missing file of values", ["eval", "sum(x)", "--at", "x=@none.npy"], 2, ["none.npy"]),
    ("missing sheet", ["sheet", "none.adj"], 2, ["none.adj"]),
    ("sheet that is a folder", ["sheet", "."], 2, ["."]),
]


def run(program, arguments, **more):
    return subprocess.run([program, *arguments], capture_output=True, timeout=60, **more)


def complain(name, result, status, words):
    """What is wrong with a refusal, or nothing."""
    error = result.stderr.decode("utf-8", "replace")
    lines = error.strip().splitlines()
    said = f"{name}: status {result.returncode}, {error[:400]!r}"
    if result.returncode != status:
        return said + f" (status {status} expected)"
    if not 1 <= len(lines) <= 3:
        return said + " (one to three lines expected)"
    if max(len(line) for line in lines) > 400:
        return said + " (a line is too long)"
    if "error" not in error:
        return said + " (no `error`)"
    if not any(word in error for word in words):
        return said + f" (none of {words})"
    return None


def files(program):
    """Cases that need files: names and contents, each once as a sheet and as values."""
    failures = []

    def note(failure):
        if failure:
            failures.append(failure)

    contents = {
        "empty.adj": b"",
        "blank.adj": b"\n  \n\n",
        "binary.adj": bytes(range(256)) * 20,
        "zero.adj": b"\0" * 1000,
        "deep.adj": b"x in R^n\nderive " + b"(" * DEEP + b"x" + b")" * DEEP + b" wrt x\n",
        "open.adj": b"(" * DEEP,
    }
    for name, content in contents.items():
        with open(name, "wb") as f:
            f.write(content)
        with open("report.html", "w") as f:
            f.write("precious")
        result = run(program, ["sheet", name, "-o", "report.html"])
        note(complain(name, result, 2, ["adj", "empty", "deep", "nested"]))
        with open("report.html") as f:
            if f.read() != "precious":
                note(f"{name}: the report that was there is lost")
    result = run(program, ["sheet", "empty.adj", "-o", "missing/report.html"])
    note(complain("report in a missing folder", result, 2, ["missing", "empty"]))
    for name, content in (("binary.npy", bytes(range(256))), ("empty.npy", b""), ("binary.csv", bytes(range(256)))):
        with open(name, "wb") as f:
            f.write(content)
        note(complain(name, run(program, ["eval", "sum(x)", "--at", f"x=@{name}"]), 2, [name]))
    nested = b"(" * DEEP + b"x" + b")" * DEEP
    for name, text in (("deep", nested), ("open", b"(" * DEEP), ("binary", bytes(range(256))), ("empty", b"")):
        result = run(program, ["derive", "-", "--wrt", "x"], input=text)
        note(complain(f"{name} from standard input", result, 2, ["error"]))
    return failures


def main():
    program = os.path.abspath(sys.argv[1])
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, arguments, status, words in CASES:
            failure = complain(name, run(program, arguments), status, words)
            if failure:
                failures.append(failure)
        failures += files(program)
        os.chdir("/")
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
