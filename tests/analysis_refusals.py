#!/usr/bin/env python3
"""Questions of analysis that have no answer (status 1) or make no sense (status 2): each is said plainly.

usage: analysis_refusals.py PROGRAM
"""
import subprocess
import sys

CASES = [  # arguments, status, what the message says
    (["limit", "sin(1/t)", "--as", "t -> 0", "--given", "t in R"], 1, "no limit: it oscillates"),
    (["limit", "sin(1/t)", "--as", "t -> 0"], 1, "no limit: it oscillates"),
    (["limit", "cos(t)", "--as", "t -> inf", "--given", "t in R"], 1, "no limit: it oscillates"),
    (["limit", "sign(t)", "--as", "t -> 0", "--given", "t in R"], 1, "from both sides differ"),
    (["limit", "abs(t)/t", "--as", "t -> 0", "--given", "t in R"], 1, "from both sides differ"),
    (["limit", "exp(1/t)", "--as", "t -> 0", "--given", "t in R"], 1, "from both sides differ"),
    (["limit", "1/t", "--as", "t -> 0", "--given", "t in R"], 1, "from both sides differ"),
    (["limit", "t*logsumexp(x/t)", "--as", "t -> 0", "--given", "x in R^n; t in R"], 1, "with t > 0"),
    (["limit", "softmax(x/t)", "--as", "t -> 0", "--given", "x in R^n; t in R"], 1, "from both sides"),
    (["limit", "norm_eps(x,eps)", "--as", "eps"], 2, "a limit is asked as 'eps -> 0'"),
    (["limit", "norm_eps(x,eps)", "--as", "eps -> y"], 2, "to a number or to inf"),
    (["limit", "norm_eps(x,eps)", "--as", "delta -> 0"], 2, "delta"),
    (["analyse", "log(-x^2)", "--given", "x in R"], 1, "no real value anywhere"),
    (["analyse", "log(-x^2)"], 1, "no real value anywhere"),
    (["analyse", "sqrt(-1-x^2)", "--given", "x in R"], 1, "no real value anywhere"),
    (["analyse", "sum(log(-x.^2))", "--given", "x in R^n"], 1, "no real value anywhere"),
    (["analyse", "log(-norm(x))", "--given", "x in R^n"], 1, "no real value anywhere"),
    (["analyse", "asin(2+x^2)", "--given", "x in R"], 1, "no real value anywhere"),
    (["analyse", "sqrt(x^2+eps^2)", "--given", "eps > 0; eps < 0; x in R"], 2, "contradict each other"),
    (["analyse", "norm(x,p)", "--given", "p > 1; p < 1"], 2, "contradict each other"),
    (["analyse", "norm(x,p)", "--given", "p > 1; p <= 1"], 2, "contradict each other"),
    (["analyse", "x*eps", "--given", "eps in R+; eps < 0; x in R"], 2, "contradict each other"),
    (["analyse", "norm(x)^2", "--wrt", "x", "--on", "norm(x) <= -1"], 2, "is empty"),
    (["analyse", "norm(x)^2", "--wrt", "x", "--on", "norm(x) < 0"], 2, "is empty"),
    (["analyse", "norm(x)^2", "--wrt", "x", "--on", "norm(x) <= r", "--given", "r < 0"], 2, "is empty"),
    (["analyse", "x^2", "--given", "x in R", "--on", "1 <= x <= 0"], 2, "is empty"),
    (["analyse", "x^2", "--given", "x in R", "--on", "0 < x < 0"], 2, "is empty"),
    (["analyse", "log(x)", "--given", "x in R+", "--on", "x <= -2"], 2, "is empty"),
    (["analyse", "log(x)", "--given", "x in R", "--on", "-3 <= x <= -2"], 1, "no real value anywhere on that set"),
    (["analyse", "norm(x)^2", "--wrt", "x", "--on", "norm(y) <= 2"], 2, "does not bound x"),
    (["analyse", "norm(x)^2", "--wrt", "x", "--on", "somewhere"], 2, "a set is given as"),
    (["analyse", "norm(x)^2", "--wrt", "x", "--on", "norm(x) <= x"], 2, "not by x"),
    (["analyse", "x^2", "--given", "x in R", "--on", "norm(x) <="], 2, "error"),
]


def main():
    failed = 0
    for arguments, status, message in CASES:
        for extra in ([], ["--format", "json"]):
            r = subprocess.run([sys.argv[1], *arguments, *extra], capture_output=True, text=True, timeout=20)
            said = r.stderr if not extra or r.stderr else r.stdout
            if r.returncode != status or message.replace(" on that set", "" if extra else " on that set") not in said:
                failed += 1
                print("FAIL", " ".join(arguments + extra), "->", r.returncode, said.strip()[:300])
    print(f"{2 * len(CASES) - failed} said plainly, {failed} not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
