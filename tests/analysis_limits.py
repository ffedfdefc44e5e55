#!/usr/bin/env python3
"""Limits with their known values, cases and rates; what is observed at random points confirms each.

usage: analysis_limits.py PROGRAM
"""
import json
import subprocess
import sys

EPS = "x in R^n; eps in R+"
CASES = [  # function, parameter, declarations, limit, rate (or None), gradient (or None)
    ("norm_eps(x,eps)", "eps -> 0", EPS, "norm(x,1)", "eps*n", "sign(x)"),
    ("norm_eps(diff(x),eps)", "eps -> 0", EPS, "norm(diff(x),1)", "eps*(n-1)", "diffT(sign(diff(x)))"),
    ("eps*logsumexp(x/eps)", "eps -> 0", EPS, "max(x)", "eps*log(n)", "max_grad(x)"),
    ("eps*sum(softplus(x/eps))", "eps -> 0", EPS, "sum(relu(x))", None, None),
    ("softmax(x/eps)", "eps -> 0", EPS, "max_grad(x)", None, None),
    ("softmax(x/eps)", "eps -> inf", EPS, "ones(n)/n", None, None),
    ("eps*logsumexp(x/eps)-eps*log(n)", "eps -> inf", EPS, "sum(x)/n", None, "ones(n)/n"),
    ("norm(x,p)", "p -> inf", "x in R^n; p > 1", "norm(x,inf)", "norm(x,inf)*(n^(1/p)-1)", "max_grad(abs(x)).*sign(x)"),
    ("norm(x,p)", "p -> 1", "x in R^n; p > 1", "norm(x,1)", "norm(x,1)*(1-n^(1/p-1))", "sign(x)"),
    ("norm(x,p)", "p -> 2", "x in R^n; p > 1", "norm(x)", None, "x/norm(x)"),
    ("sqrt(t^2+eps^2)", "eps -> 0", "t in R; eps in R+", "abs(t)", "eps", "sign(t)"),
    ("tanh(t/eps)", "eps -> 0", "t in R; eps in R+", "sign(t)", None, None),
    ("sin(t)/t", "t -> 0", "t in R", "1", None, None),
    ("(1-cos(t))/t^2", "t -> 0", "t in R", "1/2", None, None),
    ("(a^t-1)/t", "t -> 0", "t in R; a in R+", "log(a)", None, None),
    ("(1+t/m)^m", "m -> inf", "t in R; m in R+", "exp(t)", None, None),
    ("x^2/(abs(x)+eps)", "eps -> 0", "x in R; eps in R+", "abs(x)", None, "sign(x)"),
    ("norm(A*x-b)^2/2+eps*norm(x)^2", "eps -> 0", "eps in R+; A in R^(m,n); x in R^n", "norm(A*x-b)^2/2", None, None),
]


def main():
    failed = 0
    for f, target, given, value, rate, gradient in CASES:
        wrt = ["--wrt", "t" if "t in R" in given and gradient else "x"] if gradient else []
        r = subprocess.run([sys.argv[1], "limit", f, "--as", target, "--given", given, *wrt, "--format", "json"],
                           capture_output=True, text=True, timeout=20)
        problems = []
        if r.returncode != 0:
            problems.append(r.stderr.strip())
        else:
            a = json.loads(r.stdout)
            limit = a["limit"]
            if limit["value"] != value:
                problems.append(f"limit {limit['value']}, not {value}")
            if rate and limit.get("rate") != rate:
                problems.append(f"rate {limit.get('rate')}, not {rate}")
            if gradient and a["gradient"]["value"] != gradient:
                problems.append(f"gradient {a['gradient']['value']}, not {gradient}")
            for part in (limit, a.get("gradient", {})):
                if "does not confirm" in part.get("observed", ""):
                    problems.append(part["observed"])
            if "observed" not in limit:
                problems.append("nothing was observed")
        failed += bool(problems)
        for p in problems:
            print("FAIL", f, target, p)
    print(f"{len(CASES) - failed} limits as known, {failed} not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
