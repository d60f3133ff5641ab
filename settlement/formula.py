"""Arithmetic written once: the formula a statement prints is the formula that is computed.

Belongs here: a small language of names, whole numbers, + - * /, comparison, `x if y else z` and a few functions,
evaluated on exact fractions, and the same formula with its numbers put in.
Not here: which formula a settlement uses.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import ceil

from settlement.exact import round_half_up


def _sign(value: Fraction) -> Fraction:
    return Fraction((value > 0) - (value < 0))


def _whole(value: Fraction) -> Fraction:
    return Fraction(round_half_up(value))


def _up(value: Fraction) -> Fraction:
    return Fraction(ceil(value))


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "sign": _sign,
    "round_half_up": _whole,
    "round_up": _up,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Fraction, Fraction], bool]] = {
    ast.GtE: lambda left, right: left >= right,
    ast.Gt: lambda left, right: left > right,
    ast.LtE: lambda left, right: left <= right,
    ast.Lt: lambda left, right: left < right,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
}


@lru_cache(maxsize=4096)
def _parse(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


def _value(node: ast.expr, names: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.Name(id=name):
            return names[name]
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return Fraction(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _ARITHMETIC:
            return _ARITHMETIC[type(operator)](_value(left, names), _value(right, names))
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            return _value(body if _holds(test, names) else otherwise, names)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(argument, names) for argument in arguments))
    raise ValueError(f"a formula cannot hold {ast.unparse(node)}")


def _holds(node: ast.expr, names: Mapping[str, Fraction]) -> bool:
    match node:
        case ast.Compare(left=left, ops=[comparison], comparators=[right]) if type(comparison) in _COMPARISONS:
            return _COMPARISONS[type(comparison)](_value(left, names), _value(right, names))
    raise ValueError(f"a formula cannot test {ast.unparse(node)}")


def evaluate(formula: str, names: Mapping[str, Fraction]) -> Fraction:
    """The exact value of a formula. KeyError for a name that is not given, ValueError for other syntax."""
    return _value(_parse(formula), names)


@lru_cache(maxsize=4096)
def names_in(formula: str) -> tuple[str, ...]:
    """The names a formula uses, each once, in the order in which they are written."""
    found = [node for node in ast.walk(_parse(formula)) if isinstance(node, ast.Name) and node.id not in FUNCTIONS]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in found))


@lru_cache(maxsize=4096)
def _written(formula: str) -> str:
    return ast.unparse(_parse(formula))


def with_numbers(formula: str, texts: Mapping[str, str]) -> str:
    """The formula with each name replaced by its text, e.g. `£5.00 - £2.00`."""
    # One pass over the words of the normal form, so that a text put in is never read as a name again.
    return _WORD.sub(lambda word: texts.get(word[0], word[0]), _written(formula))
