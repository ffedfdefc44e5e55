#!/usr/bin/env python3
"""The form a person would write: every case of forms.tsv is right by value and about as long as the textbook's.

usage: forms.py PROGRAM TABLE [--all] [ID ...]   (exit status 1 where a case fails; --all prints every row)

A case is compared by value as in identities.py: NumPy code against finite differences, against the textbook's.
It may have a quarter more operations than the textbook, and one.
"""
import functools
import re
import sys
from multiprocessing import Pool

import numpy as np

import identities


def sizes_of(row, k):
    """Different small sizes for all names that occur in sizes; some cases need m <= p or n >= p."""
    names = set()
    for d in row["given"].split(";"):
        m = re.fullmatch(r"\s*\w+ in (?:R\^)?\w*\(?([^)]*)\)?\s*", d)
        names |= set(re.findall(r"[A-Za-z_]\w*", m[1])) if m else set()
    first = dict(m=3, n=5, p=4, q=6, d=3, r=2, k=2, u=2)
    second = dict(m=6, n=4, p=3, q=5, d=4, r=3, k=3, u=2)
    third = dict(m=3, n=4, p=5, q=6, d=3, r=4, k=2, u=2)
    base = (first, second, third)[k]
    return {name: base.get(name, 2 + (k + len(name)) % 3) for name in sorted(names - {"R", "Sym"})} | base


def work(program, row):
    reasons = []
    for k in range(3):
        try:
            problems, answer = identities.attempt(program, row, sizes_of(row, k), k)
        except Exception as e:
            problems, answer = [f"{type(e).__name__}: {str(e)[:300]}"], None
        if answer and not problems:
            return [], answer
        reasons = reasons or problems
        if answer:
            return problems, answer
    return reasons, None


def main():
    program, table, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    everything = "--all" in rest
    wanted = [a for a in rest if not a.startswith("--")]
    lines = [l.rstrip("\n") for l in open(table) if not l.startswith("#")]
    names = lines[0].split("\t")
    rows = [dict(zip(names, l.split("\t") + [""] * len(names))) for l in lines[1:] if l]
    rows = [r for r in rows if not wanted or any(r["id"].startswith(w) for w in wanted)]
    failed, ratios = 0, []
    with Pool(2) as pool:
        for row, (problems, answer) in zip(rows, pool.imap(functools.partial(work, program), rows)):
            note, text = "", ""
            if answer:
                mine, book = answer["formula"]["nodes"], identities.textbook_operations(row["textbook"])
                text = answer["formula"]["text"]
                ratios.append(mine / max(book, 1))
                note = f"{mine:3d} of {book:3d}"
                if mine > 1.25 * book + 1:
                    problems.append(f"{mine} operations where the textbook has {book}: {row['textbook']}")
            failed += bool(problems)
            if problems or everything or wanted:
                print(f"{'FAIL' if problems else 'ok  '} {row['id']:<16} {note:>11}  {text}")
            for p in problems:
                print("       ", p)
    if ratios:
        print(f"operations against the textbook: median {np.median(ratios):.2f}, most {max(ratios):.2f}")
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
