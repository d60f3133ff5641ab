"""Mutants of the arithmetic of settlement: every small change of the code that its tests must notice.

Belongs here: making mutants (operators of cosmic-ray, and one of our own for the formulas that steps are computed
from), running a module's tests on each, comparing those that live with the list of explained survivors.
Not here: which tests belong to a module (`tests/settlement/mutants.yaml`), why a survivor changes nothing that anyone
could see (`tests/settlement/survivors.yaml`).

    python scripts/mutants.py [module ...] [--jobs 2]

MUTANTS_TALK=1 lets pytest talk. Exit 1 when a mutant lives that is not on the list, and when one on the list is
noticed or is made no more.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import yaml
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator

REPOSITORY = Path(__file__).resolve().parent.parent
PLAN, SURVIVORS = "tests/settlement/mutants.yaml", "tests/settlement/survivors.yaml"

_COMPARISONS = "Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is"
_ARITHMETIC = "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mod Mod_FloorDiv Pow_Mul"
# Of every comparison its edge and its opposite, of every sign its inverse. Replacing each by each would make five times
# as many mutants that fall to the same tests. `|` is left out: in this code it joins types and mappings.
LIBRARY_OPERATORS = (
    "NumberReplacer",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "AddNot",
    "ZeroIterationForLoop",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_Not",
    *(f"ReplaceComparisonOperator_{name}" for name in _COMPARISONS.split()),
    *(f"ReplaceBinaryOperator_{name}" for name in _ARITHMETIC.split()),
)

# the tests need no other
_PLUGINS = ("_hypothesis_pytestplugin", "pytest_timeout")
# pytest's exit codes: tests failed, a test file or what all of them share could not be imported. The tests have passed
# without a mutant before, so the last is no mistyped name.
NOTICED = (1, 2, 4)


class FormulaReplacer(Operator):
    """Breaks the arithmetic written in a text: the steps of a statement are computed from such formulas."""

    SWAPS = (
        (r" \+ ", " - "),
        (r" - ", " + "),
        (r" \* ", " / "),
        (r" / ", " * "),
        (r" >= ", " > "),
        (r" <= ", " < "),
        (r" > ", " >= "),
        (r" < ", " <= "),
        (r"\bmin\(", "max("),
        (r"\bmax\(", "min("),
        (r"\b0\b", "1"),
        (r"\b1\b", "0"),
        (r"(?<=[\"'(])-(?=\w)", ""),
    )
    # prose has capitals or two words side by side, a formula neither
    _FORMULA = re.compile(r"[a-z0-9_ +\-*/(),<>=\"']*")
    _PROSE = re.compile(r"\b(?!if |else )[a-z_]\w* (?!if\b|else\b)[a-z_]\w*")

    def _swaps(self, node: Any) -> Iterator[tuple[int, int, str]]:
        if node.type not in ("string", "fstring_string"):
            return
        text = node.value
        if not self._FORMULA.fullmatch(text) or self._PROSE.search(text):
            return
        for pattern, new in self.SWAPS:
            for found in re.finditer(pattern, text):
                yield found.start(), found.end(), new

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        for _ in self._swaps(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        start, end, new = list(self._swaps(node))[index]
        node.value = node.value[:start] + new + node.value[end:]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example('step("saving - least * target")', 'step("saving + least * target")'),
            Example('step("saving - least * target")', 'step("saving - least / target")', occurrence=1),
            Example('step(f"min({part}, {cap})")', 'step(f"max({part}, {cap})")'),
        )


Key = tuple[str, str, str, str, int]


@dataclass(frozen=True)
class Mutant:
    """One change. It is known by what it changes and not by where, so that lines may move: `within` is the function or
    class, `nth` counts the same change of the same line in it."""

    module: str
    within: str
    was: str
    now: str
    nth: int
    code: str

    @property
    def key(self) -> Key:
        return self.module, self.within, self.was, self.now, self.nth

    def __str__(self) -> str:
        which = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.module}.{self.within}{which}\n    - {self.was}\n    + {self.now}"


def _operators() -> Iterator[Operator]:
    yield from (get_operator(f"core/{name}")() for name in LIBRARY_OPERATORS)
    yield FormulaReplacer()


def _within(tree: ast.Module, line: int) -> str:
    """The innermost function or class that holds a line, with dots."""
    names: list[str] = []
    body = tree.body
    while True:
        holder = next(
            (
                node
                for node in body
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.lineno <= line <= (node.end_lineno or 0)
            ),
            None,
        )
        if holder is None:
            return ".".join(names) or "<module>"
        names.append(holder.name)
        body = holder.body


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a module, each different change once. Decorators stay: they are no arithmetic."""
    tree, lines = ast.parse(source), source.splitlines()
    nodes = list(ast_nodes(get_ast(source)))
    seen, counted = {ast.dump(tree)}, dict[tuple[str, str, str], int]()
    for operator in _operators():
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, ((row, column), _) in enumerate(places):
            line = lines[row - 1]
            # a bare star among parameters multiplies nothing
            if line.lstrip().startswith("@") or line[column : column + 2] == "*,":
                continue
            code = mutate_code(source, operator, occurrence)
            try:
                dump = ast.dump(ast.parse(code))
            except SyntaxError:
                continue
            if dump in seen:
                continue
            seen.add(dump)
            changed = [line for line in difflib.ndiff(lines, code.splitlines()) if line[:2] in ("- ", "+ ")]
            was = " ".join(line[2:].strip() for line in changed if line[0] == "-")
            now = " ".join(line[2:].strip() for line in changed if line[0] == "+")
            change = (_within(tree, row), was, now)
            counted[change] = counted.get(change, 0) + 1
            yield Mutant(module, *change, counted[change], code)


class _MutantLoader(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Imports one module from changed code; everything else as ever."""

    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self._changed = code

    def find_spec(self, fullname: str, path: object = None, target: ModuleType | None = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._changed, self.path, "exec")


def _imports(path: Path, package: str) -> set[str]:
    """Modules of the package that a module imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.removeprefix(f"{package}.") for name in names if name.startswith(f"{package}.")}
    return found


def dependants(package: Path, module: str) -> set[str]:
    """The module and all that import it, directly or not: what has to be imported again once it has changed."""
    imports = {path.stem: _imports(path, package.name) for path in package.glob("*.py")}
    found, more = set[str](), {module}
    while more:
        found |= more
        more = {name for name, needed in imports.items() if needed & found} - found
    return found


@dataclass(frozen=True)
class Plan:
    """The package, its arithmetic modules with their tests, quickest first, and tests too slow to be of use here.

    tests: where a test file lies, with `{}` for the name by which the plan calls it.
    """

    root: Path
    package: str
    tests: str
    modules: Mapping[str, Sequence[str]]
    left_out: Sequence[str]
    variables: Mapping[str, str]

    @classmethod
    def read(cls, root: Path) -> Plan:
        data = yaml.safe_load((root / PLAN).read_text(encoding="utf-8"))
        left_out, variables = data.get("left_out", []), data.get("variables", {})
        return cls(root, data["package"], data["tests"], data["modules"], left_out, variables)

    def test(self, name: str) -> str:
        """A test file, or one test of it, as pytest is asked for it."""
        file, colons, test = name.partition("::")
        return self.tests.format(file) + colons + test

    def source(self, module: str) -> str:
        return (self.root / self.package / f"{module}.py").read_text(encoding="utf-8")


def survivors(root: Path) -> dict[Key, str]:
    """Every survivor of the list and its reason."""
    found = {}
    for entry in yaml.safe_load((root / SURVIVORS).read_text(encoding="utf-8")) or []:
        key = entry["module"], entry["within"], entry["was"], entry["now"], entry.get("nth", 1)
        if key in found or not entry["reason"].strip():
            raise SystemExit(f"{SURVIVORS}: {key} stands twice or has no reason")
        found[key] = entry["reason"]
    return found


def _test_in_child(plan: Plan, module: str, again: set[str], code: str | None) -> int:
    """In a process of its own: run the module's tests on changed code. Never returns to the caller's frame."""
    os.setsid()
    if not os.environ.get("MUTANTS_TALK"):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    import pytest

    package = sys.modules[plan.package]
    for name in again:
        sys.modules.pop(f"{plan.package}.{name}", None)
        if hasattr(package, name):
            delattr(package, name)
    if code is not None:
        path = str(plan.root / plan.package / f"{module}.py")
        sys.meta_path.insert(0, _MutantLoader(f"{plan.package}.{module}", path, code))
    left_out = [argument for name in plan.left_out for argument in ("--deselect", plan.test(name))]
    tests = [str(plan.root / plan.test(name)) for name in plan.modules[module]]
    # plain asserts: nobody reads why a test failed, and rewriting them costs a second a file
    quiet = ["-x", "-q", "-m", "not soak", "--assert=plain", "--tb=no", f"--rootdir={plan.root}"]
    return int(pytest.main([*tests, *quiet, *left_out, *(part for name in _PLUGINS for part in ("-p", name))]))


@dataclass
class _Running:
    process: int
    started: float
    mutant: Mutant | None


class _Runner:
    """Runs the tests of one module on its mutants, so many at once."""

    def __init__(self, plan: Plan, module: str, jobs: int) -> None:
        self.plan, self.module, self.jobs = plan, module, jobs
        self.again = dependants(plan.root / plan.package, module)
        self.limit = 600.0
        self.timed_out: list[Mutant] = []

    def _start(self, mutant: Mutant | None) -> _Running:
        sys.stdout.flush()
        process = os.fork()
        if process == 0:
            status = 3
            try:
                status = _test_in_child(self.plan, self.module, self.again, None if mutant is None else mutant.code)
            finally:
                os._exit(status)
        return _Running(process, time.monotonic(), mutant)

    def _ended(self, one: _Running) -> int | None:
        """pytest's exit code; -1 where the tests had to be stopped; None while they run."""
        process, status = os.waitpid(one.process, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() - one.started < self.limit:
            return None
        os.killpg(one.process, signal.SIGKILL)
        os.waitpid(one.process, 0)
        return -1

    def whole(self) -> float:
        """Seconds that the tests take on unchanged code. SystemExit when they fail there."""
        one = self._start(None)
        while (code := self._ended(one)) is None:
            time.sleep(0.02)
        if code != 0:
            raise SystemExit(f"{self.module}: its tests fail on unchanged code (exit {code})")
        seconds = time.monotonic() - one.started
        # a loop without end must not wait ten minutes; a slow machine must not turn a survivor into a kill
        self.limit = 10 * seconds + 10
        return seconds

    def living(self, made: Iterable[Mutant]) -> Iterator[Mutant]:
        """Mutants that no test notices, as they are found."""
        running: list[_Running] = []
        waiting = iter(made)
        more = True
        try:
            while more or running:
                while more and len(running) < self.jobs:
                    mutant = next(waiting, None)
                    if mutant is None:
                        more = False
                    else:
                        running.append(self._start(mutant))
                for one in list(running):
                    code = self._ended(one)
                    if code is None:
                        continue
                    running.remove(one)
                    assert one.mutant is not None
                    if code == 0:
                        yield one.mutant
                    elif code == -1:
                        self.timed_out.append(one.mutant)
                    elif code not in NOTICED:
                        raise SystemExit(f"pytest ended with {code} on {one.mutant}")
                time.sleep(0.005)
        finally:
            # a process group of its own gets no Ctrl-C
            for one in running:
                os.kill(one.process, signal.SIGKILL)


def _prepare(plan: Plan) -> None:
    """Import once what every child needs, so that a child only imports what its mutant touches."""
    os.environ.update(plan.variables)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(plan.root))
    for name in ("pytest", *_PLUGINS):
        importlib.import_module(name)
    hypothesis = importlib.import_module("hypothesis")
    # the same cases every time, or a survivor would come and go
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutants")
    for path in sorted((plan.root / plan.package).glob("*.py")):
        importlib.import_module(f"{plan.package}.{path.stem}".removesuffix(".__init__"))


def check(plan: Plan, modules: Sequence[str], jobs: int) -> list[str]:
    """Run the mutants of modules, print what is found, and return what is wrong with the list of survivors."""
    explained = survivors(plan.root)
    strangers = sorted({key[0] for key in explained} - plan.modules.keys())
    wrong = [f"{name} is on the list of survivors and has no tests in {PLAN}" for name in strangers]
    print(*wrong, sep="\n")
    made_in_all = lived_in_all = 0
    for module in modules:
        started = time.monotonic()
        runner = _Runner(plan, module, jobs)
        seconds = runner.whole()
        made = {mutant.key: mutant for mutant in mutants(module, plan.source(module))}
        own = {key for key in explained if key[0] == module}
        living: dict[Key, Mutant] = {}
        here = []
        for mutant in runner.living(made.values()):
            living[mutant.key] = mutant
            if mutant.key not in own:
                here.append(f"lives and is not explained: {mutant}")
                print(here[-1], flush=True)
        late = [f"is on the list and is noticed now: {made[key]}" for key in sorted(own & made.keys() - living.keys())]
        late += [f"is on the list and is made no more: {key}" for key in sorted(own - made.keys())]
        wrong += here + late
        print(
            f"{module}: {len(made)} mutants, {len(living)} live, {len(runner.timed_out)} stopped for time; "
            f"tests {seconds:.1f} s, in all {time.monotonic() - started:.0f} s",
            flush=True,
        )
        print(*late, *(f"stopped for time: {mutant}" for mutant in runner.timed_out), sep="\n", flush=True)
        made_in_all, lived_in_all = made_in_all + len(made), lived_in_all + len(living)
    print(
        f"{made_in_all:,} mutants of {len(modules)} modules, {made_in_all - lived_in_all:,} noticed, "
        f"{lived_in_all:,} live, {len(wrong)} to mend"
    )
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="names of modules; all of the plan if none is given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--root", type=Path, default=REPOSITORY)
    asked = parser.parse_args()
    plan = Plan.read(asked.root)
    unknown = set(asked.modules) - set(plan.modules)
    if unknown:
        raise SystemExit(f"{', '.join(sorted(unknown))}: no module of {PLAN}")
    _prepare(plan)
    sys.exit(1 if check(plan, asked.modules or list(plan.modules), asked.jobs) else 0)


if __name__ == "__main__":
    main()
