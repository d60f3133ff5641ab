"""A challenge pack: certificate, evidence, and a workbook that LibreOffice computes to the penny.

CI has LibreOffice; elsewhere the test that needs it is skipped by name.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from foundation.canonical import sha256_bytes
from foundation.errors import Refused, WrongUsage
from orchestration.packing import write_pack
from publication.pack import behind, build_pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "settlement"))

AGREEMENT = "derbyshire-real-only"
GAIN = f"posting:{AGREEMENT}:2024-25:gain"
FIGURES = {
    "posting": GAIN,
    "member": f"member:{AGREEMENT}:2024-25:gain:acute-trust",
    "step": f"step:{AGREEMENT}:2024-25:overall_score",
    "kpi": f"kpi:{AGREEMENT}:D1:2024-25:value",
    "score": f"kpi:{AGREEMENT}:D1:2024-25:score",
    "level": f"kpi:{AGREEMENT}:D1:2024-25:level",
    "monitored": f"kpi:{AGREEMENT}:D2:2024-25:value",
    "ledger": f"ledger:{AGREEMENT}:2024-25:city-council",
}


@pytest.fixture(scope="module")
def packs(release: Path) -> dict[str, dict[str, bytes]]:
    return {name: build_pack(release, figure) for name, figure in FIGURES.items()}


def rows_in(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode())))


# --- certificate and evidence


def test_a_pack_holds_what_a_challenge_needs(packs: dict[str, dict[str, bytes]], release: Path) -> None:
    """CNI-20: figure, release, data cut, terms, votes, gate, steps, hashes; and the same bytes again."""
    pack = packs["posting"]
    page = pack["certificate.html"].decode()
    manifest = json.loads((release / "manifest.json").read_bytes())
    for text in (GAIN, manifest["release_id"], manifest["data_cut_id"], "15 working days", "Expert determination",
                 "SHADOW", "acute-trust", "chief officer", "2027-03-31", "kpi.complete_days"):  # fmt: skip
        assert text in page, text
    assert "http" not in page.replace("http://www.w3.org", "")
    for line in pack["SHA256SUMS"].decode().splitlines():
        digest, name = line.split("  ")
        assert sha256_bytes(pack[name]) == digest
        assert name == "certificate.html" or digest in page
    assert build_pack(release, GAIN) == pack
    trace = pack["evidence/trace.txt"].decode()
    assert "file sha256" in trace
    assert json.loads(pack["evidence/trace.json"])["figure_id"] == GAIN
    assert pack["evidence/terms.yaml"] == (release / "members" / "terms.yaml").read_bytes()


def test_evidence_is_what_the_figure_rests_on(packs: dict[str, dict[str, bytes]]) -> None:
    """A score rests on its figure and no open book; an open book on its own lines; a posting on all of them."""

    def held(name: str, file: str, column: str) -> set[str]:
        return {row[column] for row in rows_in(packs[name][f"evidence/{file}"])}

    assert held("posting", "ledger.csv", "member_id") == {
        "acute-trust", "community-trust", "mental-health-trust", "city-council", "county-council",
    }  # fmt: skip
    assert held("ledger", "ledger.csv", "member_id") == {"city-council"}
    assert held("score", "ledger.csv", "member_id") == set()
    for name in ("kpi", "score", "level", "posting", "step"):
        assert held(name, "kpi_return.csv", "figure_id") == {FIGURES["kpi"]}, name
        assert held(name, "gate.csv", "scope") == {"D1", "settlement"}
    assert held("monitored", "kpi_return.csv", "kpi_id") == {"D2"}
    assert held("monitored", "steps.csv", "step_id") == set()
    assert held("score", "steps.csv", "step_id") == {"score.D1"}
    assert held("step", "steps.csv", "step_id") == {"score.D1", "overall_score"}
    assert held("member", "steps.csv", "step_id") == held("posting", "steps.csv", "step_id") >= {
        "gain_posted", "overall_score", "actual_cost",
    }  # fmt: skip
    (definition,) = json.loads(packs["kpi"]["evidence/definitions.json"]).values()
    assert definition["indicator_id"] == "no_criteria_to_reside"
    assert {item["feed"] for item in json.loads(packs["ledger"]["evidence/submissions.json"])} == {"cost_ledger"}
    assert len(json.loads(packs["score"]["evidence/submissions.json"])) == 36  # three senders, twelve months
    checks = json.loads(packs["kpi"]["evidence/checks.json"])
    assert f"kpi.complete_days@{AGREEMENT}@D1@2024-25" in checks
    assert not [name for name in checks if "2025-26" in name]


def test_what_cannot_be_packed(
    release: Path, copy: Path, tmp_path: Path, replace_text: Callable[[Path, str, str], None]
) -> None:
    for figure, what in (
        ("indicator:no_criteria_to_reside:E54000058:2024-25:value", "figure of an area"),
        (f"kpi:{AGREEMENT}:D1:2025-26-q1:value", "settles no 2025-26-q1"),
        (f"step:{AGREEMENT}:2024-25:nothing", "holds no figure"),
    ):
        with pytest.raises(WrongUsage, match=what):
            build_pack(release, figure)
    write_pack(release, GAIN, tmp_path / "packs" / "gain")
    assert (tmp_path / "packs" / "gain" / "evidence" / "trace.json").is_file()
    with pytest.raises(WrongUsage, match="there already"):
        write_pack(release, GAIN, tmp_path / "packs" / "gain")
    public = tmp_path / "public-only"
    shutil.copytree(release, public)
    shutil.rmtree(public / "members")
    with pytest.raises(Refused, match="no members folder"):
        build_pack(public, GAIN)
    name, amount = "acute-trust", "466666666"
    replace_text(copy / "members" / "ledger.csv", f"{name},2024-04,total,reimbursable_cost,{amount}",
                 f"{name},2024-04,total,reimbursable_cost,999999999")  # fmt: skip
    with pytest.raises(Refused, match="does not follow from the open book"):
        build_pack(copy, GAIN)


# --- the workbook, computed by somebody else


def workbooks(packs: dict[str, dict[str, bytes]]) -> dict[str, bytes]:
    """Packs of the release, and settlements with stop-loss, refilling, top-up with conditions, restatement, hand-made."""
    world, people_world = import_module("settlement_world"), import_module("top_up_world")
    ledger_rows, quick_terms, settle_simply = world.ledger_rows, world.quick_terms, world.settle_simply
    settle_top_up = people_world.settle_top_up
    from publication.recalculating import recalculating_workbook

    loss, spent = f"member:{AGREEMENT}:2024-25:loss:city-council", 14_900_000_000
    plain = quick_terms({})
    refill = quick_terms(
        {
            "parties.members.0.turnover_gbp": Decimal(1_000_000),
            "finance.loss.stop_loss": {"pct_of_turnover": Decimal("0.5"), "excess_to": "other_members"},
            "finance.gain.levy_factor": Decimal("0.98"),
        }
    )
    tiny = quick_terms(
        {
            **{f"parties.members.{n}.turnover_gbp": Decimal(100) for n in range(5)},
            "finance.loss.stop_loss": {"pct_of_turnover": Decimal("0.5"), "excess_to": "other_members"},
        }
    )
    people, drawn = people_world.greenwich(), {"youth-charity": 700_000}
    first = settle_simply(plain, Decimal("460.0"))
    cases: dict[str, tuple[Any, Any, Any, str]] = {
        "loss": (plain, settle_simply(plain, Decimal("500.3"), spent), ledger_rows(plain, spent), loss),
        "refill": (refill, settle_simply(refill, Decimal("500.3"), spent), ledger_rows(refill, spent), loss),
        "tiny": (tiny, settle_simply(tiny, Decimal("500.3"), spent), ledger_rows(tiny, spent), loss),
        "top_up": (people, settle_top_up(people, people_world.AT_72, advances=drawn), [],
                   "posting:greenwich-public-health:2024-25:recoup"),
        "restated": (plain, settle_simply(plain, prior=first.posting_rows()), ledger_rows(plain), GAIN),
        "forfeited": (plain, settle_simply(plain, actions={"D1": ("forfeit", "party_did_not_report", None)}),
                      [], GAIN),
        "withheld": (plain, settle_simply(plain, actions={"settlement": ("withhold", "", None)}, prior=first.posting_rows()),
                     ledger_rows(plain), GAIN),
    }  # fmt: skip
    made = {}
    for name, (terms, settled, ledger, figure) in cases.items():
        posted = [item.amount_pence for item in (*settled.postings, *settled.member_lines) if item.figure_id == figure]
        published = Decimal(posted[0]) if posted else None
        made[name] = recalculating_workbook(terms, settled, ledger, figure, name, published)
    return {
        **{name: packs[name]["workbook.xlsx"] for name in ("posting", "member", "ledger", "score", "level")},
        **made,
    }


def test_libreoffice_computes_every_workbook_to_the_penny(packs: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    """No step and no member's part differs, and the disputed figure is the published one."""
    from openpyxl import load_workbook

    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        if os.environ.get("CI") == "true":
            pytest.fail("soffice is missing, and CI must compute the workbook with it")
        pytest.skip("needs LibreOffice (soffice)")
    books = workbooks(packs)
    for name, content in books.items():
        (tmp_path / f"{name}.xlsx").write_bytes(content)
    subprocess.run(
        [office, "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "done"), *(str(tmp_path / f"{n}.xlsx") for n in books)],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    for name in books:
        done = load_workbook(tmp_path / "done" / f"{name}.xlsx", data_only=True)
        about = {row[0]: row[1] for row in done["About"].iter_rows(min_row=2, max_col=2, values_only=True)}
        assert (about["Steps that differ"], about["Parts of members that differ"]) == (0, 0), name
        steps = list(done["Steps"].iter_rows(min_row=2, values_only=True))
        assert steps, name
        assert {row[6] for row in steps} == {"agrees"}, name
        for row in steps:
            if row[4] == "pence":
                assert row[3] == row[5], (name, row)
        for row in done["Lines"].iter_rows(min_row=2, values_only=True):
            assert row[10] == row[11], (name, row)
        compared = name not in ("level", "withheld")
        assert ("Agrees" in about) == compared, name
        if compared:
            assert about["Agrees"] == "agrees", name
            assert about["Computed here"] == pytest.approx(about["As published"], abs=1e-6), name
    lines = load_workbook(tmp_path / "done" / "posting.xlsx", data_only=True)["Lines"]
    parts = [int(str(row[10])) for row in lines.iter_rows(min_row=2, values_only=True)]
    gain = next(row for row in rows_in(packs["posting"]["evidence/steps.csv"]) if row["step_id"] == "gain_posted")
    assert sum(parts) == int(gain["value"])


def test_formulas_are_live(packs: dict[str, dict[str, bytes]]) -> None:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(packs["member"]["workbook.xlsx"]))
    steps = list(book["Steps"].iter_rows(min_row=2, values_only=True))
    assert all(str(row[3]).startswith("=") for row in steps)
    assert "SUMIFS(Ledger!" in str(next(row[2] for row in book["Given"].iter_rows(min_row=2, values_only=True)
                                        if str(row[1]).startswith("ledger:")))  # fmt: skip
    assert book["About"]["B3"].value.startswith("=Lines!$K$")
    assert book.properties.creator == "Outturn"


def test_what_a_sheet_does_not_know_is_taken_as_published() -> None:
    """A part shared by another rule, and a number without an end, stand as they are."""
    from openpyxl import load_workbook

    from publication.recalculating import number_cell, recalculating_workbook

    world = import_module("settlement_world")
    terms, made = world.quick_terms({}), world.settle_simply(world.quick_terms({}))
    first, second, *rest = made.member_lines
    other = replace(
        made,
        member_lines=(
            replace(first, amount_pence=first.amount_pence + 1),
            replace(second, amount_pence=second.amount_pence - 1),
            *rest,
        ),
    )
    book = load_workbook(io.BytesIO(recalculating_workbook(terms, other, world.ledger_rows(terms), GAIN, "t", None)))
    parts = [row[8] for row in book["Lines"].iter_rows(min_row=2, values_only=True)]
    assert parts[:2] == [first.amount_pence + 1, second.amount_pence - 1]
    assert str(parts[2]).startswith("=")
    assert number_cell(Fraction(1, 3)) == "=1/3"
    assert number_cell(Fraction(1, 4)) == 0.25
    assert number_cell(Fraction(7)) == 7


def test_a_recoup_rests_on_the_line_it_is_taken_from() -> None:
    people = import_module("top_up_world")
    made = people.settle_top_up(people.greenwich(), people.AT_72, advances={"youth-charity": 700_000})
    names = [step.step_id for step in behind(made, "posting:greenwich-public-health:2024-25:recoup").values()]
    assert names[-1] == "recoup.youth-charity"
    assert {"top_up_posted", "overall_score"} <= set(names)
