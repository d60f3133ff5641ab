"""Each worked agreement, settled by hand on its page, is what `outturn settle` makes of the same files (CNI-20).

The arithmetic on a page is computed here by a few lines that share nothing with the engine, exactly, and compared
with every step, posting and member's line. After a change of the terms, `UPDATE_WORKED=1` writes their new hash into the
gate file; the pages have to be worked again by hand.
"""

from __future__ import annotations

import ast
import operator
import os
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from settlement_world import ROOT, log_for
from top_up_world import recording

from dbt_project.catalogue import load_catalogue, load_local
from foundation.canonical import plain_decimal
from orchestration.settle_files import settle_from_files
from settlement.files import read_rows
from settlement.terms import Terms, load_terms

PAGES = ROOT / "docs" / "tutorial" / "by-hand"
# Folder of inputs -> page and agreement. One page may work a second year of its agreement.
WORKED = {
    "greenwich-public-health": "greenwich-public-health",
    "southwark-older-people": "southwark-older-people",
    "tower-hamlets-community-health": "tower-hamlets-community-health",
    "derbyshire-wedge": "derbyshire-wedge",
    "derbyshire-real-only": "derbyshire-real-only",
    "lambeth-personalised-support": "lambeth-personalised-support",
    "lambeth-personalised-support-overspent": "lambeth-personalised-support",
}
# Folder of inputs -> what its decision log records beside the founding: who, the kind, the entries
RECORDED: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "derbyshire-wedge": [
        ("independent-expert", "condition_judged", {"condition": name, "met": "yes", "evidence": evidence})
        for name, evidence in (
            ("no-quality-notice", "the register of notices on 31 March 2025"),
            ("redistribution-reconciles", "the finance directors' reconciliation of 22 April 2025"),
        )
    ],
    "southwark-older-people": [
        (signer, "cash_certified", {"row": row, "amount_pence": pence, "conflicts": []})
        for signer, row, pence in (
            ("integrated-care-board", "admissions", "11664000"),
            ("acute-community-trust", "admissions", "11000000"),
            ("integrated-care-board", "care-homes", "24840000"),
            ("acute-community-trust", "care-homes", "24840000"),
        )
    ],
}
ROW = re.compile(r"^\| `(?P<id>[^`]+)` \|(?P<rest>.+)\|$")
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


@dataclass(frozen=True)
class Written:
    """A line of a page: of the statement (`gets` blank), or of a member (`name` is line and member)."""

    name: str
    by_hand: str
    comes_to: str
    gets: str


def _half_up(value: Fraction) -> Fraction:
    return Fraction((2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)) * (
        1 if value > 0 else -1
    )


def _worked_out(node: ast.expr, known: dict[str, Fraction]) -> Fraction:
    match node:
        case ast.Name(id=name):
            return known[name]
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return -_worked_out(part, known)
        case ast.BinOp(left=left, op=sign, right=right):
            return Fraction(OPERATORS[type(sign)](_worked_out(left, known), _worked_out(right, known)))
        case ast.Call(func=ast.Name(id="round"), args=[part]):
            return _half_up(_worked_out(part, known))
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=parts):
            return (min if name == "min" else max)(_worked_out(part, known) for part in parts)
    raise AssertionError(f"a page cannot work out {ast.unparse(node)}")


def work_out(text: str, earlier: dict[str, Fraction]) -> Fraction:
    """What the arithmetic of a page comes to, exactly; a step's name stands for what that step came to."""
    known: dict[str, Fraction] = {}

    def name_for(value: Fraction) -> str:
        known[f"n{len(known)}"] = value
        return f" n{len(known) - 1} "

    text = text.replace("×", "*").replace("÷", "/").replace("−", "-")
    for step in sorted(earlier, key=len, reverse=True):
        # at every place a name of its own, the last first so that places before it do not move
        for place in reversed([*re.finditer(rf"(?<![\w.-]){re.escape(step)}(?![\w.-])", text)]):
            text = text[: place.start()] + name_for(earlier[step]) + text[place.end() :]
    text = re.sub(
        r"(?<!\w)£?(\d[\d,]*(?:\.\d+)?)(?: (%))?",
        lambda found: name_for(Fraction(found[1].replace(",", "")) / (100 if found[2] else 1)),
        text,
    )
    return _worked_out(ast.parse(text.strip(), mode="eval").body, known)


def agrees(printed: str, value: Fraction) -> bool:
    """Whether a printed number is the value: to its last digit, or, with an ellipsis, as far as it is printed."""
    digits = printed.replace("−", "-").replace("£", "").replace(",", "").removesuffix("p")
    if not digits.endswith("…"):
        return Fraction(digits) == value
    digits = digits.removesuffix("…")
    size = Fraction(10) ** len(digits.partition(".")[2])
    return Fraction(abs(value * size).__floor__()) * (-1 if value < 0 else 1) == Fraction(digits) * size


def _section(folder: str) -> str:
    """The part of the page that works these inputs: from the line that names the folder to the next such line."""
    page = (PAGES / f"{WORKED[folder]}.md").read_text()
    starts = {name: page.index(f"by-hand/{name} ") for name in WORKED if WORKED[name] == WORKED[folder]}
    end = min((place for place in starts.values() if place > starts[folder]), default=len(page))
    return page[starts[folder] : end]


def written_on(folder: str) -> tuple[list[Written], list[Written]]:
    """The lines of the statement and of the members, in the order of the page."""
    steps, members = [], []
    for line in _section(folder).splitlines():
        if (found := ROW.match(line)) is None:
            continue
        cells = [cell.strip() for cell in found["rest"].split("|")]
        if len(cells) == 2:
            steps.append(Written(found["id"], cells[0], cells[1], ""))
        else:
            members.append(Written(found["id"], cells[0], cells[1], cells[2]))
    return steps, members


def terms_of(agreement: str) -> Terms:
    return load_terms((ROOT / "agreements" / agreement / "2024-04-01.yaml").read_bytes())


def log_of(folder: str, terms: Terms) -> bytes:
    """The agreement's log as founded, with what is recorded; every key is drawn from one public seed."""
    log = log_for(terms)
    for signer, kind, body in RECORDED[folder]:
        under = {"terms_hash": terms.terms_hash} if kind == "cash_certified" else {}
        log = recording(log, terms, kind, signer, {**body, **under})
    return log


def settled(folder: str, out: Path) -> dict[str, list[dict[str, Any]]]:
    agreement = ROOT / "agreements" / WORKED[folder] / "2024-04-01.yaml"
    gate = PAGES / folder / "gate.csv"
    if os.environ.get("UPDATE_WORKED"):
        terms = terms_of(WORKED[folder])
        held = {str(row["terms_hash"]) for row in read_rows("gate", gate.read_bytes())}
        text = gate.read_text()
        for old in held:
            text = text.replace(old, terms.terms_hash)
        gate.write_text(text)
        if folder in RECORDED:
            (PAGES / folder / "decisions.jsonl").write_bytes(log_of(folder, terms))
    assert settle_from_files(agreement, PAGES / folder, out) == 0
    return {
        table: read_rows(table, (out / f"{table}.csv").read_bytes()) for table in ("steps", "postings", "member_lines")
    }


def test_every_worked_agreement_has_its_page_and_its_files() -> None:
    folders = {path.name for path in PAGES.iterdir() if path.is_dir()}
    assert folders == set(WORKED)
    assert {path.stem for path in PAGES.glob("*.md")} == set(WORKED.values())
    assert {path.parent.name for path in (ROOT / "agreements").glob("*/*.yaml")} == set(WORKED.values())


@pytest.mark.parametrize("folder", WORKED)
def test_the_page_is_the_statement(folder: str, tmp_path: Path) -> None:
    """Every step stands on the page, in order, with arithmetic that comes to exactly what the engine says."""
    made = settled(folder, tmp_path)
    steps, _ = written_on(folder)
    assert [one.name for one in steps] == [row["step_id"] for row in made["steps"]]
    found: dict[str, Fraction] = {}
    for one, row in zip(steps, made["steps"], strict=True):
        value = found[one.name] = work_out(one.by_hand, found)
        assert agrees(one.comes_to, value), f"{folder}, {one.name}: {one.by_hand} is not {one.comes_to}"
        said = plain_decimal(row["value"])
        # the statement shows 28 digits of what never ends
        apart = abs(Fraction(said) - value)
        assert apart <= abs(value) / Fraction(10) ** 27, (
            f"{folder}, {one.name}: {one.comes_to}, and outturn says {said}"
        )


@pytest.mark.parametrize("folder", WORKED)
def test_each_member_receives_what_the_page_says(folder: str, tmp_path: Path) -> None:
    """To the penny, and the parts of a line add up to its posting."""
    made = settled(folder, tmp_path)
    _, members = written_on(folder)
    by_hand: dict[str, int] = {}
    for one in members:
        exact = work_out(one.by_hand, {})
        assert agrees(one.comes_to, exact), f"{folder}, {one.name}: {one.by_hand} is not {one.comes_to}"
        pence = work_out(one.gets, {}) * 100
        assert pence.denominator == 1, one
        # cut to whole pennies, and the pennies left over one by one to the greatest remainders
        assert abs(pence - exact * 100) < 1, one
        by_hand[one.name] = int(pence)
    assert by_hand == {f"{row['line']} {row['member_id']}": row["amount_pence"] for row in made["member_lines"]}
    for posting in made["postings"]:
        line = [pence for name, pence in by_hand.items() if name.split()[0] == posting["line"]]
        assert sum(line) == posting["amount_pence"], posting["line"]


@pytest.mark.parametrize("agreement", sorted(set(WORKED.values())))
def test_each_agreement_is_illustrative_and_its_kpis_are_defined(agreement: str) -> None:
    """Shadow, labelled, roles alone; what is scored is the shared or the local definition (THM-04)."""
    terms = terms_of(agreement)
    assert (terms.id, terms.agreement.shadow, terms.agreement.illustrative) == (agreement, True, True)
    assert "illustrative" in terms.agreement.label
    assert "nothing is payable" in terms.agreement.label
    shared = load_catalogue()
    local = load_local(ROOT / "agreements" / agreement / "indicators", shared)
    known = {one.indicator_id: one for one in (*shared, *local)}
    for kpi in terms.framework.kpis:
        one = known[kpi.indicator_id]
        said = (one.version, one.unit, one.polarity, one.value_decimals, one.kind, one.population_basis)
        wanted = (kpi.indicator_version, kpi.unit, kpi.polarity, kpi.value_decimals, kpi.kind, kpi.population_basis)
        assert said == wanted, kpi.id
    assert {one.indicator_id for one in local} <= {kpi.indicator_id for kpi in terms.framework.kpis}


def test_the_agreements_hold_the_proposed_terms() -> None:
    """Shares and weights of AGREEMENTS, in its order; each sums to 100, as the lint of terms holds."""
    proposed = {
        "southwark-older-people": ([28, 20, 10, 15, 15, 6, 6], [25, 20, 15, 15, 10, 10, 5]),
        "tower-hamlets-community-health": ([55, 25, 20], [20, 15, 10, 10, 10, 20, 10, 5]),
        "derbyshire-wedge": ([38, 30, 18, 8, 6], [30, 15, 10, 15, 10, 10, 10]),
        "lambeth-personalised-support": ([40, 20, 15, 13, 12], [20, 20, 10, 10, 15, 10, 15]),
    }
    for agreement, (shares, weights) in proposed.items():
        terms = terms_of(agreement)
        assert [member.share_pct for member in terms.parties.members] == shares
        assert [kpi.weight for kpi in terms.paid_kpis] == weights
        assert all(kpi.levels and kpi.baseline and kpi.levels.minimum == kpi.baseline.value for kpi in terms.paid_kpis)


def test_a_missed_non_negotiable_bars_the_gain_and_not_the_loss(tmp_path: Path) -> None:
    """DER-08, with the wedge's own files: a winter plan too few, and nothing is gained; an overspend is owed."""
    inputs = PAGES / "derbyshire-wedge"
    for name in ("kpi_return.csv", "cost_ledger.csv", "gate.csv", "decisions.jsonl"):
        (tmp_path / name).write_bytes((inputs / name).read_bytes())
    missed = (tmp_path / "kpi_return.csv").read_text().replace(",93.0,1,percent,20460,", ",89.9,1,percent,19778,")
    assert missed != (inputs / "kpi_return.csv").read_text()
    (tmp_path / "kpi_return.csv").write_text(missed)
    agreement = ROOT / "agreements" / "derbyshire-wedge" / "2024-04-01.yaml"
    for cost, line, pence in (("443333333", "gain", 0), ("543333333", "loss", -143_100_000)):
        text = (inputs / "cost_ledger.csv").read_text().replace(",443333333,", f",{cost},")
        (tmp_path / "cost_ledger.csv").write_text(text)
        assert settle_from_files(agreement, tmp_path, tmp_path / "out") == 0
        (posting,) = read_rows("postings", (tmp_path / "out" / "postings.csv").read_bytes())
        assert (posting["line"], posting["amount_pence"]) == (line, pence)


def test_what_nobody_recorded_bars_the_gain(tmp_path: Path) -> None:
    """DER-08: without the expert's record a condition is not met; nothing is gained."""
    for path in (PAGES / "derbyshire-wedge").glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert settle_from_files(ROOT / "agreements/derbyshire-wedge/2024-04-01.yaml", tmp_path, tmp_path / "out") == 0
    (posting,) = read_rows("postings", (tmp_path / "out" / "postings.csv").read_bytes())
    assert (posting["line"], posting["amount_pence"]) == ("gain", 0)


def test_the_flag_is_raised_by_one_more_quarter(tmp_path: Path) -> None:
    """DER-07, with the wedge's own files: a third step change behind in the last quarter raises it; the money stays."""
    inputs = PAGES / "derbyshire-wedge"
    for path in inputs.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (inputs / "kpi_return.csv").read_text()
    behind = text.replace(",79.6,1,percent,1194,1500,", ",77.6,1,percent,1164,1500,")
    assert behind != text
    (tmp_path / "kpi_return.csv").write_text(behind)
    for folder, raised in ((inputs, 0), (tmp_path, 1)):
        out = tmp_path / f"out-{raised}"
        assert settle_from_files(ROOT / "agreements/derbyshire-wedge/2024-04-01.yaml", folder, out) == 0
        steps = {row["step_id"]: row for row in read_rows("steps", (out / "steps.csv").read_bytes())}
        assert steps["flag.right-to-revert"]["value"] == raised
        assert steps["gain_posted"]["value"] == 97_111_806


def test_the_working_out_can_disagree() -> None:
    """A wrong sum, a wrong digit and an unknown name are seen."""
    assert work_out("50 × (478.6 − 453.1) ÷ (478.6 − 430)", {}) == Fraction(50 * 255, 486)
    assert work_out("−min(12 % × £1,000.00, 2 % × £3,000.00)", {}) == -60
    assert work_out("round(100 × gain)", {"gain": Fraction(21, 2000)}) == 1
    assert agrees("26.2345…", Fraction(50 * 255, 486))
    assert not agrees("26.2346…", Fraction(50 * 255, 486))
    assert not agrees("26.2345", Fraction(50 * 255, 486))
    assert agrees("−£4.50", Fraction(-9, 2))
    with pytest.raises(KeyError):
        work_out("pool ÷ 2", {})
    with pytest.raises(AssertionError, match="cannot work out"):
        work_out("[1]", {})
