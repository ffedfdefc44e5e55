#!/usr/bin/python3
"""Known claims of `adjoint analyse`: each row of the table is a question and what must, or must not, be said.

    analysis_claims.py PROGRAM TABLE

Columns: function, variable, declarations, set, then `key=value` separated by `;;`. A value is the text of the
answer's JSON; `a|b` allows either, `!a` forbids a, `~c` is a number that may be at most 2 % above c and not below.
"""
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def looked_up(answer, key):
    for part in key.split("."):
        answer = answer.get(part) if isinstance(answer, dict) else None
    return "; ".join(answer) if isinstance(answer, list) else str(answer)


def fits(said, wanted):
    if wanted.startswith("!"):
        return said not in wanted[1:].split("|")
    if wanted.startswith("~"):
        try:
            return float(wanted[1:]) * (1 - 1e-12) <= float(said) <= float(wanted[1:]) * 1.02
        except ValueError:
            return False
    return said in wanted.split("|")


def failures(program, row):
    function, variable, given, on, wanted = row
    command = [program, "analyse", function, "--given", given, "--format", "json"]
    command += ["--wrt", variable] if variable else []
    command += ["--on", on] if on else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        return [f"{function}: {done.stderr.strip()}"]
    wrong = []
    for pair in wanted.split(";;"):
        key, _, value = pair.partition("=")
        said = looked_up(answer, key)
        if not fits(said, value):
            wrong.append(f"{function} [{given}{', ' + on if on else ''}]: {key} is {said}, not {value}")
    return wrong


def main():
    program, table = sys.argv[1], sys.argv[2]
    with open(table, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("#")]
    with ThreadPoolExecutor(2) as pool:
        wrong = [w for found in pool.map(lambda row: failures(program, row), rows) for w in found]
    for w in wrong:
        print(w)
    print(f"{len(rows)} questions, {len(wrong)} wrong answers")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
