"""The notation on NumPy values: an evaluator that shares nothing with the program, and the conditions it prints.

Everything is a matrix, as in MATLAB: vectors are columns, 1 x 1 is a number.
"""
import re

import numpy as np
import scipy.linalg as sl
from scipy.special import erf, expit
from scipy.special import logsumexp as sp_logsumexp

TOKENS = re.compile(r"\s*(\.\*|\./|\.\^|\d+\.?\d*(?:[eE][-+]?\d+)?|[A-Za-z_]\w*|\S)")


def matrix(v):
    v = np.asarray(v, float)
    return v.reshape(-1, 1) if v.ndim == 1 else v.reshape(1, 1) if v.ndim == 0 else v


def number(v):
    return float(np.asarray(v).reshape(-1)[0]) if np.size(v) == 1 else v


def along(f):
    """A reduction of all entries, or along a dimension that counts from 1."""
    def reduce(x, axis=None):
        x = matrix(x)
        return f(x, axis=None, keepdims=False) if axis is None else f(x, axis=int(axis) - 1, keepdims=True)
    return reduce


def norm(x, p=2):
    v = np.abs(matrix(x)).reshape(-1)
    top = v.max(initial=0.0)
    if p == np.inf or top == 0:
        return top
    return top * np.sum((v / top) ** p) ** (1 / p)


def differences(x, axis=1):
    return np.diff(matrix(x), axis=int(axis) - 1)


def diff_adjoint(u, axis=1):
    u = matrix(u) if axis == 1 else matrix(u).T
    pad = np.zeros((1, u.shape[1]))
    r = np.vstack([pad, u]) - np.vstack([u, pad])
    return r if axis == 1 else r.T


def extreme(pairwise, all_entries):
    def f(x, y=None, axis=None):
        if y is None or np.size(y) == 0:
            return along(all_entries)(x, axis)
        return pairwise(x, y)
    return f


def diagonal(x):
    x = matrix(x)
    return np.diag(x[:, 0]) if 1 in x.shape else np.diag(x)[:, None]


def polar(x):
    u, _, v = np.linalg.svd(matrix(x), full_matrices=False)
    return u @ v


FUNCTIONS = {
    "abs": np.abs, "sign": np.sign, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos,
    "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "erf": erf, "log1p": np.log1p, "expm1": np.expm1, "sigmoid": expit, "square": np.square,
    "softplus": lambda x: np.logaddexp(0, x), "relu": lambda x: np.maximum(x, 0),
    "max": extreme(np.maximum, np.max), "min": extreme(np.minimum, np.min),
    "sum": along(np.sum), "mean": along(np.mean), "prod": along(np.prod), "logsumexp": along(sp_logsumexp),
    "dot": lambda x, y: np.sum(matrix(x) * matrix(y)), "norm": norm,
    "normnuc": lambda x: np.linalg.norm(matrix(x), "nuc"), "normop": lambda x: np.linalg.norm(matrix(x), 2),
    "norm_eps": lambda x, e: np.sum(np.sqrt(np.square(x) + e**2)),
    "softmax": lambda x, axis=1: np.exp(matrix(x) - sp_logsumexp(matrix(x), axis=int(axis) - 1, keepdims=True)),
    "tr": lambda x: np.trace(matrix(x)), "det": lambda x: np.linalg.det(matrix(x)),
    "inv": lambda x: np.linalg.inv(matrix(x)), "pinv": lambda x: np.linalg.pinv(matrix(x)),
    "logdet": lambda x: np.linalg.slogdet(matrix(x))[1],
    "adj": lambda x: np.linalg.det(x) * np.linalg.inv(x),
    "sqrtm": lambda x: np.real(sl.sqrtm(matrix(x))), "expm": lambda x: sl.expm(matrix(x)),
    "logm": lambda x: np.real(sl.logm(matrix(x))), "chol": lambda x: np.linalg.cholesky(matrix(x)),
    "eigvals": lambda x: np.linalg.eigvalsh(matrix(x))[:, None],
    "svdvals": lambda x: np.linalg.svd(matrix(x), compute_uv=False)[:, None], "polar": polar,
    "tril": lambda x: np.tril(x), "triu": lambda x: np.triu(x), "diag": diagonal,
    "vec": lambda x: matrix(x).reshape(-1, 1, order="F"),
    "reshape": lambda x, r, c: matrix(x).reshape(int(r), int(c), order="F"),
    "kron": lambda a, b: np.kron(matrix(a), matrix(b)), "eye": lambda n: np.eye(int(n)),
    "unit": lambda n, i: np.eye(int(n))[:, [int(i) - 1]], "ones": lambda n, p=1: np.ones((int(n), int(p))),
    "zeros": lambda n, p=1: np.zeros((int(n), int(p))), "diff": differences, "diffT": diff_adjoint,
    "cumsum": lambda x: np.cumsum(matrix(x), 0), "cumsumT": lambda x: np.cumsum(matrix(x)[::-1], 0)[::-1],
}


class Reader:
    def __init__(self, text, names):
        self.tokens, self.names, self.at = TOKENS.findall(text), names, 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted):
        if self.peek() in wanted:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def need(self, token):
        if not self.take(token):
            raise ValueError(f"'{token}' expected before '{self.peek()}' in {' '.join(self.tokens)}")

    def sum(self):
        value = self.term()
        while op := self.take("+", "-"):
            other = self.term()
            value = value + other if op == "+" else value - other
        return number(value)

    def term(self):
        value = self.signed()
        while op := self.take("*", "/", ".*", "./", "\\"):
            other = self.signed()
            if op == "*" and np.size(value) > 1 and np.size(other) > 1:
                value = value @ other
            elif op == "\\":
                value = np.linalg.solve(value, other)
            else:
                value = value * other if op in ("*", ".*") else value / other
            value = number(value)
        return value

    def signed(self):
        if self.take("-"):
            return -self.signed()
        self.take("+")
        return self.power()

    def power(self):
        value = self.postfix()
        while op := self.take("^", ".^"):
            if op == "^" and self.peek() == "T":
                self.at += 1
                value = matrix(value).T
                continue
            exponent = self.signed_factor()
            square = op == "^" and np.size(value) > 1
            value = np.linalg.matrix_power(value, int(exponent)) if square else value**exponent
            value = self.primed(value)
        return value

    def signed_factor(self):
        return -self.signed_factor() if self.take("-") else self.postfix()

    def primed(self, value):
        while self.take("'"):
            value = number(matrix(value).T)
        return value

    def postfix(self):
        value = self.atom()
        while self.peek() in ("'", "["):
            if self.peek() == "'":
                value = self.primed(value)
                continue
            self.need("[")
            value = matrix(value)
            index = [self.index(value.shape[0])]
            if self.take(","):
                index.append(self.index(value.shape[1]))
            self.need("]")
            if len(index) == 1:
                index = index + [slice(None)] if value.shape[1] == 1 else [slice(None)] + index
            value = number(value[tuple(index)])
        return value

    def index(self, size):
        if self.take(":"):
            return slice(None)
        first = int(self.sum())
        last = int(self.sum()) if self.take(":") else first
        return slice(first - 1, last)

    def atom(self):
        token = self.peek()
        self.at += 1
        if token == "(":
            value = self.sum()
            self.need(")")
            return value
        if re.match(r"\d", token):
            return float(token)
        if self.peek() == "(" and (token in FUNCTIONS or callable(self.names.get(token))):
            self.at += 1
            arguments = [self.sum()]
            while self.take(","):
                if self.take("["):
                    self.need("]")
                    arguments.append(None)
                else:
                    arguments.append(self.sum())
            self.need(")")
            return number((FUNCTIONS.get(token) or self.names[token])(*arguments))
        constants = {"pi": np.pi, "inf": np.inf}
        if token in constants:
            return constants[token]
        return number(matrix(self.names[token]))


def value_of(text, names):
    """The value of a formula; `names` holds arrays and sizes."""
    reader = Reader(text, names)
    value = reader.sum()
    if reader.peek():
        raise ValueError(f"'{reader.peek()}' is left over in {text}")
    return value


TOLERANCE = 1e-7
RELATIONS = {"!=": lambda d: np.abs(d), ">=": lambda d: d, ">": lambda d: d, "<=": lambda d: -d, "<": lambda d: -d}


def margins(text, names):
    """How far a printed condition is from failing, for every entry: positive where it holds, 0 at the boundary."""
    if text == "everywhere":
        return np.array([np.inf])
    if text == "nowhere":
        return np.array([-np.inf])
    m = re.fullmatch(r"(.*?) (where|except where) (.*)", text)
    if m and not text.startswith("the "):
        inside = margins(m[3], names) * (1 if m[2] == "where" else -1)
        return np.where(inside > 0, margins(m[1], names), np.inf) if np.size(inside) > 1 else (
            margins(m[1], names) if np.min(inside) > 0 else np.array([np.inf]))
    if m := re.fullmatch(r"rank\((.*)\) = (.*)", text):
        s, rank = singular(matrix(value_of(m[1], names))), value_of(m[2], names)
        return np.array([s[int(rank) - 1] if rank <= len(s) else -1.0])
    for pattern, f in WORDS:
        if m := re.fullmatch(pattern, text):
            return np.atleast_1d(f(matrix(value_of(m[1], names))))
    body = re.sub(r" for all [a-z](, [a-z])*$", "", text)
    m = re.fullmatch(r"(.*?) (!=|>=|<=|>|<) (.*)", body)
    if not m:
        raise ValueError("unknown condition: " + text)
    if body != text:
        lines = re.match(r".*\[(:,[a-z]|[a-z],:)\]$", m[1])
        left, right = (re.sub(r"\[(:,)?[a-z](,[a-z]|,:)*\]$", "", side) for side in (m[1], m[3]))
        if lines:
            return np.linalg.norm(matrix(value_of(left, names)), axis=0 if lines[1][0] == ":" else 1)
    else:
        left, right = m[1], m[3]
    gap = value_of(left, names) - value_of(right, names)
    if m[2] == "!=" and body == text and np.size(gap) > 1:
        return np.array([np.linalg.norm(gap)])
    if m[2] == "!=" and left.startswith("det("):
        s = np.linalg.svd(matrix(value_of(left[4:-1], names)), compute_uv=False)
        return np.array([s[-1]])
    return np.atleast_1d(RELATIONS[m[2]](gap)).reshape(-1)


def singular(x):
    return np.linalg.svd(x, compute_uv=False)


def gaps(values):
    v = np.sort(values)
    return np.min(np.diff(v)) if len(v) > 1 else np.inf


def top_gap(x):
    s = singular(x)
    return min(s[0], s[0] - s[1] if len(s) > 1 else np.inf)


def from_negative_axis(x):
    e = np.linalg.eigvals(x)
    return np.min(np.where(e.real <= 0, np.abs(e.imag), np.abs(e)))


def pair_sums(x):
    e = np.linalg.eigvals(x)
    return np.min(np.abs(e[:, None] + e[None, :]))


WORDS = [
    (r"(.*) in PSD\(.*\)", lambda x: np.linalg.eigvalsh((x + x.T) / 2)[0] + TOLERANCE),
    (r"(.*) in PD\(.*\)", lambda x: np.linalg.eigvalsh((x + x.T) / 2)[0]),
    (r"the eigenvalues of (.*) are distinct", lambda x: gaps(np.linalg.eigvalsh(x))),
    (r"the singular values of (.*) are distinct and not 0", lambda x: min(gaps(singular(x)), singular(x)[-1])),
    (r"the largest singular value of (.*) is simple and not 0", top_gap),
    (r"the maximum of (.*) is attained once", lambda x: np.diff(np.sort(x, None)[-2:])[0] if x.size > 1 else np.inf),
    (r"the minimum of (.*) is attained once", lambda x: np.diff(np.sort(x, None)[:2])[0] if x.size > 1 else np.inf),
    (r"no eigenvalue of (.*) is real and <= 0", from_negative_axis),
    (r"no two eigenvalues of (.*) add up to 0", pair_sums),
    (r"the rank of (.*) is constant nearby", lambda x: singular(x)[-1]),
]


def margin(texts, names):
    """The least margin of the conditions: inf where there is none, not positive where one fails."""
    least = np.inf
    with np.errstate(all="ignore"):
        for t in texts:
            low = np.min(margins(t, names), initial=np.inf)
            if np.isnan(low):
                return -np.inf
            closed = re.search(r" (>=|<=) | PSD\(", t) and low >= 0
            least = min(least, np.inf if closed else low)
    return least


def holds(texts, names):
    """True or False where all the conditions hold or one fails clearly; None at a boundary."""
    least = margin(texts, names)
    return True if least > TOLERANCE else False if least <= 0 else None
