"""Every gate of the product, how one is seen to catch a fault, and how one is switched off.

A gate has a published name:

* a rule of intake: its id in `ingest.rules.RULES`, where breaking it refuses the row or the file;
* a check of the gate: its id in the terms, e.g. `cut.register`;
* what the operating system says: `os:ENOSPC`, `os:EROFS`; it has no switch of ours;
* a refusing function: `<module>:<function>`, in the modules named in `MODULES`. The list is read from the source: a new
  function there that raises one of our errors, or adds a reason to a refusal, is a gate without anybody saying so.
"""

from __future__ import annotations
import __future__

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from errno import errorcode
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from foundation.errors import OutturnError
from foundation.version import ROOMS

MODULES = (
    "foundation.home",
    "ingest.cut",
    "ingest.identity.keyring",
    "ingest.identity.links",
    "ingest.register",
    "orchestration.bound",
    "orchestration.cycle",
    "orchestration.dating",
    "orchestration.deciding",
    "orchestration.inputs",
    "orchestration.intaking",
    "orchestration.lock",
    "orchestration.main_job",
    "orchestration.settling",
    "orchestration.warehouse",
    "orchestration.defs.warehouse.assets",
    "orchestration.defs.warehouse.verdicts",
    "publication.inputs",
    "publication.log_heads",
    "publication.release",
    "publication.verify",
    "settlement.accrual",
    "settlement.advances",
    "settlement.approvals",
    "settlement.decisions",
    "settlement.engine",
    "settlement.gate",
    "settlement.gate_record",
    "settlement.open_book",
    "settlement.payments",
    "settlement.recompute",
    "settlement.restate",
    "settlement.score",
    "settlement.store",
    "settlement.verdicts",
)
# how these modules say no: what they raise, what they add to a list of problems
_RAISED = {"Refused", "SystemFault", "LogTampered", "Unreadable", "_tampered", "_refuse", "_problem", "error"}
_ADDED = {"refuse", "Problem"}
CHECKS = {
    "cut.register": "judge_register",
    "cut.required_feeds": "judge_required_feeds",
    "expectations.cost_ledger": "judge_feed",
    "warehouse.tests": "judge_warehouse_tests",
    "warehouse.arithmetic": "judge_arithmetic",
    "kpi_return.suite": "judge_kpi_return",
    "ledger.suite": "judge_ledger",
    "kpi.complete_days": "judge_complete_days",
}
# Gates that are no refusal but the form of the work itself: switched off by what stands beside them.
OF_FORM: dict[str, tuple[str, Any]] = {
    # a duplicate is known by its content and taken in once
    "delivery.repeated": ("expectations.intake:repeated", lambda receipt: receipt),
    # a row that is there twice is dropped before anything is counted
    "row.duplicate": ("expectations.rows:drop_exact_duplicates", lambda table, key: (table, [])),
}


@dataclass(frozen=True)
class Caught:
    """One gate that said no, and what it said: what is wrong, and what to do."""

    gate: str
    said: str
    mend: str


def _name(call: ast.expr) -> str:
    return call.id if isinstance(call, ast.Name) else call.attr if isinstance(call, ast.Attribute) else ""


def _says_no(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return _name(node.exc.func) in _RAISED
    return isinstance(node, ast.Call) and _name(node.func) in _ADDED


def _refusing(module: str) -> Iterator[str]:
    tree = ast.parse(Path(str(importlib.import_module(module).__file__)).read_text())

    def own(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                yield child
                yield from own(child)

    def walk(node: ast.AST, names: tuple[str, ...]) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inside = (*names, child.name)
                # a function that only makes the error, to be raised by whoever calls it, is none
                if isinstance(child, ast.FunctionDef) and any(_says_no(item) for item in own(child)):
                    yield ".".join(inside)
                yield from walk(child, inside)

    yield from walk(tree, ())


@cache
def refusing_functions() -> frozenset[str]:
    return frozenset(f"{module}:{name}" for module in MODULES for name in _refusing(module))


@cache
def refusing_rules() -> frozenset[str]:
    from ingest.rules import FILE, RECORD, RULES

    return frozenset(name for name, rule in RULES.items() if rule.severity in (FILE, RECORD)) | frozenset(OF_FORM)


@cache
def every_gate() -> frozenset[str]:
    """Names of all gates, from the registries of production."""
    from expectations import gate_checks

    judging = {name for name in gate_checks.__all__ if name.startswith("judge_")}
    assert judging == set(CHECKS.values()), "a check of the gate has no name here"
    return refusing_rules() | frozenset(CHECKS) | refusing_functions()


# seeing who says no -------------------------------------------------------------------------------


def _is_ours(module: str) -> bool:
    return module.split(".")[0] in ROOMS


def raised_in(trace: TracebackType | None) -> str:
    """`<module>:<function>` of the innermost frame of ours."""
    found = ""
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if _is_ours(module):
            found = f"{module}:{trace.tb_frame.f_code.co_qualname}"
        trace = trace.tb_next
    return found


def caught_by(work: Callable[[], Any]) -> list[Caught]:
    """What the gates say while work is done: errors by the function that raised them, a refusal's reasons and a
    report's problems by the function that added them. Empty when nothing objects."""
    import publication.verify as proof
    from settlement.verdicts import Judgement

    found: list[Caught] = []
    with pytest.MonkeyPatch.context() as patch:
        refuse, problem = Judgement.refuse, proof.Problem

        def refusing(self: Any, check_id: str, what: str, why: str, mend: str, *rest: Any, **named: Any) -> None:
            found.append(Caught(_caller(), f"{check_id}: {what}: {why}", mend))
            refuse(self, check_id, what, why, mend, *rest, **named)

        def noting(file: str, message: str, figure_id: str = "") -> Any:
            made = problem(file, message, figure_id)
            found.append(Caught(_caller(), str(made), "Do not pay on this copy"))
            return made

        patch.setattr(Judgement, "refuse", refusing)
        patch.setattr(proof, "Problem", noting)
        try:
            work()
        except OutturnError as error:
            # a refusal whose reasons have been noted is only put into words here
            if not found:
                found.append(Caught(raised_in(error.__traceback__), error.message, error.mend))
        except OSError as error:
            found.append(Caught(f"os:{errorcode.get(error.errno or 0)}", str(error), ""))
    return found


def _caller() -> str:
    frame = sys._getframe(2)
    qualname = frame.f_code.co_qualname.split(".<locals>")[0]
    return f"{frame.f_globals['__name__']}:{qualname}"


# switching one off --------------------------------------------------------------------------------


class _Silent(ast.NodeTransformer):
    """The same function without its objections."""

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.copy_location(ast.Pass(), node) if _says_no(node) else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Call) and (
            _name(node.value.func) in _ADDED
            or (_name(node.value.func) == "append" and any(_says_no(item) for item in node.value.args))
        ):
            return ast.copy_location(ast.Pass(), node)
        return node


def _everywhere(patch: pytest.MonkeyPatch, original: Any, changed: Any) -> None:
    """Put a function in the place of another wherever a module of ours holds it."""
    for module in list(sys.modules.values()):
        if _is_ours(getattr(module, "__name__", "") or ""):
            for name, value in list(vars(module).items()):
                if value is original:
                    patch.setattr(module, name, changed)


def _silence(patch: pytest.MonkeyPatch, gate: str) -> None:
    module_name, _, qualname = gate.partition(":")
    module = importlib.import_module(module_name)
    owner: Any = module
    *outer, name = qualname.split(".")
    for part in outer:
        owner = getattr(owner, part)
    original = getattr(owner, name)
    plain = inspect.unwrap(original)
    tree = ast.parse(textwrap.dedent(inspect.getsource(plain)))
    tree.body = [_Silent().visit(item) for item in tree.body]
    # what asked for a reason to object is left without anything to do
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.For, ast.With, ast.Try)) and not node.body:
            node.body = [ast.Pass()]
    ast.fix_missing_locations(tree)
    code = compile(tree, f"<{gate} switched off>", "exec", __future__.annotations.compiler_flag, dont_inherit=True)
    scope: dict[str, Any] = {}
    exec(code, vars(module), scope)
    changed = scope[name]
    if owner is module:
        _everywhere(patch, original, changed)
    else:
        patch.setattr(owner, name, changed)


@contextmanager
def switched_off(gate: str) -> Iterator[None]:
    """The product without one of its gates."""
    from ingest import rules

    with pytest.MonkeyPatch.context() as patch:
        if gate in OF_FORM:
            place, changed = OF_FORM[gate]
            module, _, name = place.partition(":")
            patch.setattr(importlib.import_module(module), name, changed)
        elif gate in rules.RULES:
            _drop_rule(patch, gate)
        elif gate in CHECKS:
            _pass_check(patch, CHECKS[gate])
        else:
            _silence(patch, gate)
        yield


def _drop_rule(patch: pytest.MonkeyPatch, gate: str) -> None:
    """Breaking the rule is told and does nothing; an expectation of that rule is not asked."""
    from expectations import rows
    from ingest import rules

    patch.setitem(rules.RULES, gate, replace(rules.RULES[gate], severity=rules.ACCEPT))
    run = rows.run_suite
    patch.setattr(rows, "run_suite", lambda asked, table: run([item for item in asked if item.rule != gate], table))


def _pass_check(patch: pytest.MonkeyPatch, function: str) -> None:
    from expectations import gate_checks
    from expectations.judgement import Judgement

    original = getattr(gate_checks, function)
    _everywhere(patch, original, lambda *_, **__: Judgement(True, "switched off"))
