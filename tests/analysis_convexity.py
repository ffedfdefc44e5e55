#!/usr/bin/env python3
"""Certificates of convexity against a table of known cases, and against random segments and Hessians.

A wrong answer fails, and so does "unknown" where the table knows a certificate; a weaker word than the table's (yes for
strictly) and an unproved "no" are counted.

usage: analysis_convexity.py PROGRAM TABLE [ID ...]
"""
import sys
import warnings

import numpy as np

import identities
from analysis_sampling import SIZES, draw
from notation_values import holds, value_of

RANK = {"no": 0, "yes": 1, "strictly": 2, "strongly": 3}


class Known:
    def __init__(self, program, row):
        self.row, self.given = row, [d.strip() for d in row["given"].split(";")]
        wrt = ["--wrt", row["wrt"]] if row["wrt"] != "-" else []
        self.analysis = identities.run(program, "analyse", row["expr"], "--given", row["given"], *wrt, "--format", "json")
        domains = dict(d.split(" in ") for d in self.given if " in " in d)
        self.moving = [row["wrt"]] if wrt else list(domains)
        self.domains = {v: domains.get(v, "R") for v in self.moving}
        self.variable, self.domain = self.moving[0], self.domains[self.moving[0]]
        d = identities.run(program, "derive", row["expr"], "--given", row["given"], "--wrt", self.moving[0], "--format", "json")
        f = identities.module(d["code"]["numpy"])["function"]
        names = f.__code__.co_varnames[: f.__code__.co_argcount]
        self.value = lambda v: float(f(**{identities.key(k): u for k, u in v.items() if identities.key(k) in names}))
        self.bounded = {d.split()[0] for d in self.given if " in " not in d}

    def defined(self, values, sizes):
        return holds(self.analysis["defined"], {**sizes, **values}) is True


def between(a, b, moving, t):
    return {k: (1 - t) * np.asarray(a[k], float) + t * np.asarray(b[k], float) if k in moving else a[k] for k in a}


def distance(a, b, moving):
    return sum(np.sum((np.asarray(a[k], float) - b[k]) ** 2) for k in moving)


def violations(case, tries, rng):
    """How far f lies above and below its chords on random segments, beside rounding; with the modulus taken off."""
    above = below = bent = 0.0  # the worst excess of the middle over the chord, and the other way
    modulus = case.analysis.get("modulus")
    for k in range(tries):
        sizes = SIZES[k % 2]
        a = draw(case, sizes, rng, k)
        other = draw(case, sizes, rng, k // 2)
        b = {**a, **{v: other[v] for v in case.moving}}
        if k % 3:  # a short segment
            b = between(a, b, case.moving, 0.05)
        t = rng.uniform(0.2, 0.8)
        m = between(a, b, case.moving, t)
        if not all(case.defined(v, sizes) for v in (a, b, m)):
            continue
        try:
            fa, fb, fm = case.value(a), case.value(b), case.value(m)
        except (np.linalg.LinAlgError, ValueError):
            continue
        if not np.isfinite(fa + fb + fm):
            continue
        excess = fm - (1 - t) * fa - t * fb
        unit = 0.5 * t * (1 - t) * distance(a, b, case.moving)
        noise = 1e-12 * (abs(fa) + abs(fb) + abs(fm) + 1) + 1e-7 * unit
        above, below = max(above, excess - noise), max(below, -excess - noise)
        if modulus:
            strength = float(value_of(modulus, {**sizes, **a})) * unit
            sign = 1 if case.analysis["convex"] == "strongly" else -1
            bent = max(bent, sign * excess + strength - noise - 1e-9 * strength)
    return above, below, bent


def judge(case, tries, rng):
    """(wrong, gaps, weaker) in words."""
    wrong, gaps, weaker = [], [], []
    above, below, bent = violations(case, tries, rng)
    for which, excess in (("convex", above), ("concave", below)):
        said, known = case.analysis[which], case.row[which]
        if said == "unknown":
            (gaps if known != "no" else weaker).append(f"{which} unknown, not {known}")
            continue
        if (said == "no") != (known == "no") or RANK[said] > RANK[known]:
            wrong.append(f"{which} {said}, not {known}")
        elif RANK[said] < RANK[known]:
            weaker.append(f"{which} {said}, not {known}")
        if said != "no" and excess > 0:
            wrong.append(f"{which} {said}, but a segment says otherwise by {excess:.2e}")
        if known == "no" and excess == 0:
            weaker.append(f"no segment shows that it is not {which}")
    if bent > 0:
        wrong.append(f"the modulus {case.analysis['modulus']} is too large by {bent:.2e} on a segment")
    return wrong, gaps, weaker


def main():
    program, table, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
    lines = [l.rstrip("\n") for l in open(table) if not l.startswith("#")]
    names = lines[0].split("\t")
    rows = [dict(zip(names, l.split("\t"))) for l in lines[1:] if l]
    counts = {"wrong": 0, "gap": 0, "weaker": 0}
    for row in rows:
        if wanted and row["id"] not in wanted:
            continue
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case = Known(program, row)
            wrong, gaps, weaker = judge(case, 240, np.random.default_rng(sum(map(ord, row["id"]))))
        a = case.analysis
        counts["wrong"] += bool(wrong)
        counts["gap"] += bool(gaps)
        counts["weaker"] += bool(weaker)
        mark = "FAIL" if wrong or gaps else "ok  "
        print(mark, f"{row['id']:<24} {a['convex']}/{a['concave']}", a.get("modulus", ""), "; ".join(wrong + gaps + weaker))
    print(f"{len(rows)} known cases: {counts['wrong']} wrong, {counts['gap']} without a due certificate, {counts['weaker']} weaker than known")
    return 1 if counts["wrong"] or counts["gap"] else 0


if __name__ == "__main__":
    sys.exit(main())
