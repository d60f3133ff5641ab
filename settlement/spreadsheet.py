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


def as_spreadsheet(formula: str, cells: Mapping[str, str], half_up: str = "ROUND({},0)") -> str:
    """The formula with each name's cell, without the leading `=`. KeyError for a name without a cell, ValueError for
    syntax no formula of a statement has. half_up: how rounding half up is written."""
    return _written(ast.parse(formula, mode="eval").body, cells, half_up)


def _written(node: ast.expr, cells: Mapping[str, str], half_up: str) -> str:
    match node:
        case ast.Name(id=name):
            return cells[name]
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return str(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            # a spreadsheet binds the sign before everything else
            return f"(-({_written(operand, cells, half_up)}))"
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _ARITHMETIC:
            return f"({_written(left, cells, half_up)}{_ARITHMETIC[type(operator)]}{_written(right, cells, half_up)})"
        case ast.IfExp(
            test=ast.Compare(left=left, ops=[operator], comparators=[right]), body=body, orelse=otherwise
        ) if type(operator) in _COMPARISONS:
            test = f"{_written(left, cells, half_up)}{_COMPARISONS[type(operator)]}{_written(right, cells, half_up)}"
            return f"IF({test},{_written(body, cells, half_up)},{_written(otherwise, cells, half_up)})"
        case ast.Call(func=ast.Name(id="round_half_up"), args=[argument], keywords=[]):
            # rounds a half away from zero, as the engine does
            return half_up.format(_written(argument, cells, half_up))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return f"{_FUNCTIONS[name]}({','.join(_written(argument, cells, half_up) for argument in arguments)})"
    raise ValueError(f"a spreadsheet cannot hold {ast.unparse(node)}")
