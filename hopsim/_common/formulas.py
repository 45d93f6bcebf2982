"""Formulas: the mathematics of docstrings as plain text, for a terminal.

`$\\frac12 |x|^2$` becomes `1/2 |x|^2`, and `$\\xi_{\\mu i}$` becomes `ξ_μi`.
"""

import re


_LETTERS = {
    "alpha": "α",
    "beta": "β",
    "delta": "δ",
    "epsilon": "ε",
    "varepsilon": "ε",
    "gamma": "γ",
    "theta": "θ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "eta": "η",
    "kappa": "κ",
    "zeta": "ζ",
    "Delta": "Δ",
    "Phi": "Φ",
    "Sigma": "Σ",
    "Omega": "Ω",
    "Lambda": "Λ",
    "partial": "∂",
    "nabla": "∇",
    "infty": "∞",
    "ell": "l",
    "langle": "<",
    "rangle": ">",
    "lvert": "|",
    "rvert": "|",
}
_BETWEEN = {  # with a space on either side
    "le": "<=",
    "ge": ">=",
    "ne": "!=",
    "in": "in",
    "to": "->",
    "sim": "~",
    "leftarrow": "<-",
    "rightarrow": "->",
    "approx": "~",
    "times": "x",
}
_TIGHT = ("Delta", "langle", "nabla", "partial")  # they belong to what follows
_JOINED = {"cdot": "·", "pm": "±"}
_BEFORE = {"sum": "Σ", "int": "∫", "prod": "Π"}  # a space stands before and behind
_ACCENTS = {"dot": "\u0307", "bar": "\u0304", "hat": "\u0302", "tilde": "\u0303"}
_TOKEN = re.compile(r"\\([a-zA-Z]+)( ?)")
_INNER = r"\{([^{}]*)\}"  # a group with no other in it
_ATOM = r"(\\[a-zA-Z]+|\w)"


def plain_formulas(text: str) -> str:
    """A text in which every formula between dollars is plain."""
    return re.sub(r"\$([^$]+)\$", lambda m: plain_formula(m[1]), text)


def plain_formula(formula: str) -> str:
    """One formula of LaTeX as a line of plain text; what is unknown keeps its name."""
    text = (
        formula.replace(r"\|", "||")
        .replace(r"\,", " ")
        .replace(r"\sqrt\cdot", "sqrt(...)")
    )
    text = re.sub(rf"\\(?:mathrm|mathbf|text)\s*(?:{_INNER}|(\w))", _upright, text)
    for name, mark in _ACCENTS.items():
        text = re.sub(rf"\\{name}\s*{_ATOM}", rf" \1{mark}", text)
    text = re.sub(rf"\\frac\s*(\d)\s*{_ATOM}", r"\1/\2 ", text)
    text = re.sub(rf"\\sqrt\s*{_ATOM}", r"sqrt(\1)", text)
    for _ in range(text.count("{")):  # the innermost groups first
        text = re.sub(
            rf"\\frac\s*{_INNER}\s*{_INNER}",
            lambda m: f"{_whole(m[1])}/{_whole(m[2])} ",
            text,
        )
        text = re.sub(rf"\\sqrt\s*{_INNER}", r"sqrt(\1)", text)
        text = re.sub(rf"([_^]){_INNER}", _script, text)
    text = _TOKEN.sub(_named, text.replace("{", "").replace("}", ""))
    text = re.sub(r" +([_^,;)\]])", r"\1", re.sub(r"([(\[]) +", r"\1", text))
    return " ".join(text.split())


def _upright(found: re.Match) -> str:
    word = found[1] or found[2]
    return f" {word.strip()} " if len(word) > 1 else f" {word}"


def _named(found: re.Match) -> str:
    name, gap = found[1], found[2]
    if name in _LETTERS:
        return _LETTERS[name] + ("" if name in _TIGHT else gap)
    if name in _BETWEEN:
        return f" {_BETWEEN[name]} "
    if name in _JOINED:
        return _JOINED[name]
    if name in _BEFORE:
        return f" {_BEFORE[name]}{gap}"
    before = found.string[: found.start()][-1:]
    behind = found.string[found.end() :][:1]
    front = " " if before.isalnum() else ""
    return f"{front}{name}{' ' if behind.isalnum() or behind == chr(92) else ''}"


def _whole(text: str) -> str:
    """A numerator or denominator, in brackets unless it is one word."""
    return text if re.fullmatch(r"\\?\w+!?", text.strip()) else f"({text})"


def _script(found: re.Match) -> str:
    """An index or a power, in brackets unless it is plain without them."""
    mark, text = found[1], " ".join(_TOKEN.sub(_named, found[2]).split())
    single = re.fullmatch(r"\w|\d+", text)
    joined = mark == "_" and re.fullmatch(r"[^\W_]+( [^\W_]+)*", text)
    if not (single or joined):
        return f"{mark}({text})"
    behind = found.string[found.end() :][:1]
    return mark + text.replace(" ", "") + (" " if joined and behind.isalnum() else "")
