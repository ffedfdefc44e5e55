#!/usr/bin/env python3
"""Lipschitz constants of smooth losses: none is exceeded, and each is at most twice the least one that holds.

The least constant of a gradient is approached from below by the largest eigenvalue of the Hessian, by differences, at
random points, at the minimiser and at 0; that of a value by the largest gradient.

usage: analysis_tightness.py PROGRAM
"""
import sys
import warnings

import numpy as np
from scipy.optimize import minimize

from analysis_sampling import SIZES, Case, draw
from notation_values import value_of

LOSSES = [  # name, declarations, function of x
    ("smoothed TV", "x in R^n; eps in R+", "norm_eps(diff(x),eps)"),
    ("smoothed 1-norm", "x in R^n; eps in R+", "norm_eps(x,eps)"),
    ("smooth absolute value", "x in R; eps in R+", "sqrt(x^2+eps^2)"),
    ("least squares", "A in R^(m,n); b in R^m; x in R^n", "norm(A*x-b)^2"),
    ("half least squares", "A in R^(m,n); b in R^m; x in R^n", "norm(A*x-b)^2/2"),
    ("ridge", "A in R^(m,n); b in R^m; x in R^n; lambda in R+", "norm(A*x-b)^2+lambda*norm(x)^2"),
    ("logistic", "A in R^(m,n); y in R^m; x in R^n", "sum(softplus(A*x))-y'*A*x"),
    ("logistic, written out", "A in R^(m,n); y in R^m; x in R^n", "sum(log(1+exp(A*x)))-y'*A*x"),
    ("logistic, signs", "A in R^(m,n); x in R^n", "sum(softplus(-A*x))/m"),
    ("regularised logistic", "A in R^(m,n); y in R^m; x in R^n; lambda in R+", "sum(softplus(A*x))-y'*A*x+lambda/2*norm(x)^2"),
    ("pseudo-Huber", "x in R^n; eps in R+", "sum(eps^2*(sqrt(1+(x/eps).^2)-1))"),
    ("pseudo-Huber of residuals", "A in R^(m,n); b in R^m; x in R^n; eps in R+", "sum(eps^2*(sqrt(1+((A*x-b)/eps).^2)-1))"),
    ("Huber", "x in R^n; eps in R+", "sum(where(abs(x) < eps, x.^2/2, eps*abs(x)-eps^2/2))"),
    ("Cauchy", "x in R^n; eps in R+", "sum(log(1+(x/eps).^2))"),
    ("log-cosh", "A in R^(m,n); b in R^m; x in R^n", "sum(log(cosh(A*x-b)))"),
    ("softplus", "x in R^n", "sum(softplus(x))"),
    ("softplus of a scalar", "x in R", "log(1+exp(x))"),
    ("logsumexp", "x in R^n", "logsumexp(x)"),
    ("logsumexp, affine", "A in R^(m,n); b in R^m; x in R^n", "logsumexp(A*x+b)"),
    ("cross entropy", "x in R^n; y in R^n", "logsumexp(x)-y'*x"),
    ("smoothed TV denoising", "x in R^n; y in R^n; eps in R+; lambda in R+", "norm(x-y)^2/2+lambda*norm_eps(diff(x),eps)"),
    ("squared hinge", "A in R^(m,n); x in R^n", "sum(relu(1-A*x).^2)"),
    ("smoothed norm", "x in R^n; eps in R+", "sqrt(norm(x)^2+eps^2)"),
    ("tempered logsumexp", "x in R^n; eps in R+", "eps*logsumexp(x/eps)"),
]


def hessian_norm(case, values, x):
    x = np.asarray(x, float)
    flat, t = x.reshape(-1), 1e-5 * max(1e-2, np.max(np.abs(x)))
    columns = []
    for k in range(flat.size):
        step = np.zeros_like(flat)
        step[k] = t
        columns.append((case.slope(values, (flat + step).reshape(x.shape)) - case.slope(values, (flat - step).reshape(x.shape))).reshape(-1) / (2 * t))
    return np.linalg.norm(np.array(columns), 2) if np.all(np.isfinite(columns)) else 0.0


def met(case, values, which, rng, restarts):
    """A lower bound of the least constant that holds."""
    x = np.asarray(values["x"], float)
    f = lambda v: float(case.value(values, v.reshape(x.shape)))
    size = (lambda v: np.linalg.norm(case.slope(values, v.reshape(x.shape)))) if which == "value" else (
        lambda v: hessian_norm(case, values, v.reshape(x.shape)))
    starts = [0 * x, minimize(f, x.reshape(-1), method="BFGS", options={"maxiter": 50}).x]
    starts += [s * rng.standard_normal(x.shape) for s in (0.1, 1.0, 10.0, 1e3) for _ in range(4)]
    starts += [s * np.where(np.arange(x.size) < 2, 1.0, -50.0).reshape(x.shape) for s in (1.0, 10.0)]  # two entries alone at the top
    sizes = [size(np.asarray(s).reshape(-1)) for s in starts]
    best = np.nanmax(sizes)
    for k in np.argsort(sizes)[::-1][:restarts]:
        found = minimize(lambda v: -size(v), np.asarray(starts[k]).reshape(-1), method="Nelder-Mead", options={"maxiter": 80 * x.size})
        best = max(best, -found.fun)
    return best


def main():
    program, failed = sys.argv[1], 0
    for name, given, f in LOSSES:
        row = dict(expr=f, given=given, wrt="x")
        case, text = Case(program, row), []
        for which in ("value", "gradient"):
            bound, ratios = case.analysis["lipschitz"][which], []
            if bound in ("none", "unknown"):
                text.append(f"{which} {bound}")
                failed += which == "gradient"
                continue
            for k in range(2):
                rng = np.random.default_rng(k)
                values = draw(case, SIZES[k % 2], rng, k)
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    ratios.append(float(value_of(bound, case.names(values, SIZES[k % 2]))) / met(case, values, which, rng, 2))
            bad = min(ratios) < 1 - 1e-4 or (which == "gradient" and max(ratios) > 2)
            failed += bad
            text.append(f"{which} {bound}: {max(ratios):.3f}" + (f" FAIL {min(ratios):.4f}" if bad else ""))
        print(f"{name:<26}", "; ".join(text), flush=True)
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
