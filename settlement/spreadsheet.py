"""A formula of the statement as a spreadsheet writes it.

Belongs here: the same small language in other words. Not here: evaluating it (`formula`), sheets (publication).

A spreadsheet counts with fifteen digits, the engine with fractions: the two agree to the penny on sums anybody settles,
and where they did not the engine would be right.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

_FUNCTIONS = {"min": "MIN", "max": "MAX", "abs": "ABS", "sign": "SIGN"}
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: dict[type[ast.cmpop], str] = {ast.GtE: ">=", ast.Gt: ">", ast.LtE: "<=", ast.Lt: "<"}


def as_spreadsheet(formula: str, cells: Mapping[str, str]) -> str:
    """The formula with each name's cell, without the leading `=`. KeyError for a name without a cell, ValueError for
    syntax no formula of a statement has."""
    return _written(ast.parse(formula, mode="eval").body, cells)


def _written(node: ast.expr, cells: Mapping[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return cells[name]
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return str(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            # a spreadsheet binds the sign before everything else
            return f"(-({_written(operand, cells)}))"
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _ARITHMETIC:
            return f"({_written(left, cells)}{_ARITHMETIC[type(operator)]}{_written(right, cells)})"
        case ast.IfExp(
            test=ast.Compare(left=left, ops=[operator], comparators=[right]), body=body, orelse=otherwise
        ) if type(operator) in _COMPARISONS:
            test = f"{_written(left, cells)}{_COMPARISONS[type(operator)]}{_written(right, cells)}"
            return f"IF({test},{_written(body, cells)},{_written(otherwise, cells)})"
        case ast.Call(func=ast.Name(id="round_half_up"), args=[argument], keywords=[]):
            # rounds a half away from zero, as the engine does
            return f"ROUND({_written(argument, cells)},0)"
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return f"{_FUNCTIONS[name]}({','.join(_written(argument, cells) for argument in arguments)})"
    raise ValueError(f"a spreadsheet cannot hold {ast.unparse(node)}")
