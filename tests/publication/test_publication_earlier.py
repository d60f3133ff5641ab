"""What an earlier settlement posted and started from, changed in a later release that agrees with itself.

Two quarters of the release fixture, settled twice. Of £9,000,000.00 paid to the acute trust up front and £1,000,000.00
to the city council no quarter's gain takes back all, so that no recoup depends on what was left.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import release_fixture as made
from test_publication_verify import _reseal, _rewrite
from typer.testing import CliRunner

from orchestration.cli import app
from publication import columns
from publication.inputs import ReleaseInputs, SettledAgreement, rows_of
from publication.recompute import engine_rows
from publication.release import build_release
from publication.verify import verify_release
from settlement.advances import Chain
from settlement.approvals import found_agreement, terms_approved
from settlement.decisions import key_from_seed, read_log
from settlement.engine import Settlement, settle
from settlement.gate import judge
from settlement.gate_record import GateRecord
from settlement.terms import load_terms

QUARTERS = ("2024-25-q1", "2024-25-q2")
PAID = b"""  advances_recouped: true
  advances_paid:
    - period: 2024-25-q1
      members:
        - {id: acute-trust, amount_gbp: 9000000.00}
        - {id: city-council, amount_gbp: 1000000.00}
  corridor:
"""


def _terms() -> bytes:
    raw = made.TERMS.read_bytes()
    for old, new in (
        (b"settle_by: year", b"settle_by: quarter"),
        (b"shadow: true", b"shadow: false"),
        (b"    - period: 2024-25\n      baseline_gbp: 143100000.00", b"".join(
            b"    - period: %s\n      baseline_gbp: 35775000.00\n" % quarter.encode() for quarter in QUARTERS)),
        (b"  corridor:\n", PAID),
    ):  # fmt: skip
        assert raw.count(old) == 1, old
        raw = raw.replace(old, new)
    return raw


@cache
def settled_twice() -> tuple[ReleaseInputs, ReleaseInputs]:
    """Inputs of a release, and of the next one, in which each quarter cost £600,000.00 more."""
    base, raw = made.build_inputs(), _terms()
    terms, cut_id = load_terms(raw), made.build_inputs().data_cut_id
    required, verdicts = made.required_and_verdicts(cut_id, terms, lambda _: "passed", QUARTERS)
    log = found_agreement(
        terms, {party: key_from_seed(b"fixture", party) for party in terms.party_ids},
        signed_at="2024-03-20T10:00:00Z", place="Exampleshire", approver="chief officer", valid_to="2027-03-31",
    )  # fmt: skip
    kpis = engine_rows(columns.KPI_RETURN, rows_of(columns.KPI_RETURN, base.kpi_return))
    former: dict[str, tuple[Settlement, Sequence[Any]]] = {}
    found = []
    for pence in (0, 60_000_000):
        book = [
            {**row, "period_id": f"2024-25-q{(int(row['month'][-2:]) - 1) // 3}"}
            for row in made.ledger(base.data_cut) if row["month"][-2:] in ("04", "05", "06", "07", "08", "09")
        ]  # fmt: skip
        for row in book:
            if (row["member_id"], row["month"][-2:]) in (("acute-trust", "04"), ("acute-trust", "07")):
                row["amount_pence"] += pence
        typed = engine_rows(columns.LEDGER, rows_of(columns.LEDGER, book))
        chain, given, now = Chain(), [], {}
        for quarter in QUARTERS:
            record = judge(
                required, verdicts, cut_id=cut_id, definitions_hash=made.DEFINITIONS, code_version=made.CODE_VERSION,
                terms=terms, terms_approved=terms_approved(read_log(log), terms, quarter), period_id=quarter,
            )  # fmt: skip
            assert isinstance(record, GateRecord), record
            opened = chain.opening(terms, quarter)
            before, balances = former.get(quarter, (None, ()))
            prior = [] if before is None else before.posting_rows()
            advances = [*opened, *({**row, "settlement_id": prior[0]["settlement_id"]} for row in balances)]
            one = settle(terms, quarter, kpis, typed, record, advances, prior)
            chain.settled(terms, one)
            now[quarter] = (one, opened)
            given.append(
                SettledAgreement(
                    terms_yaml=raw,
                    decisions_jsonl=log,
                    gate_json=record.to_json(),
                    steps=one.step_rows(),
                    postings=one.posting_rows(),
                    member_lines=one.member_rows(),
                    payments=one.payment_rows(),
                    journal=one.journal_rows(),
                    advances=advances,
                    prior_postings=prior,
                )
            )
        former = now
        lineage = [row for row in base.lineage.to_pylist() if not row["figure_id"].startswith("ledger:")]
        lineage += [
            {"figure_id": f"ledger:{terms.id}:{row['period_id']}:{row['member_id']}",
             "submission_id": row["submission_id"]} for row in book
        ]  # fmt: skip
        found.append(
            replace(
                base,
                required_json=required,
                verdicts=verdicts,
                ledger=made.table(columns.LEDGER, book),
                settlements=tuple(given),
                lineage=made.pa.Table.from_pylist(lineage),
            )
        )
    return found[0], found[1]


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The former release and the one that restates it; tests must not write to them."""
    home = tmp_path_factory.mktemp("twice")
    former, later = (home / build_release(inputs, home) for inputs in settled_twice())
    return SimpleNamespace(former=former, later=later)


@pytest.fixture
def spoilt(releases: SimpleNamespace, tmp_path: Path) -> Path:
    return Path(shutil.copytree(releases.later, tmp_path / "spoilt"))


def _said(release: Path, after: Path | None = None) -> list[str]:
    return [str(one) for one in verify_release(release, after)]


def test_a_restatement_stands_on_what_the_former_release_says(releases: SimpleNamespace) -> None:
    assert _said(releases.former) == []
    assert _said(releases.later, releases.former) == []
    assert _said(releases.later, releases.later) == []


def test_a_carried_penny_of_an_earlier_settlement_is_named(releases: SimpleNamespace, spoilt: Path) -> None:
    """CNI-17: what an earlier settlement of the second quarter had been carried, a penny moved from one member to another."""

    def moved(row: dict[str, Any]) -> None:
        if row["settlement_id"] and row["period_id"] == QUARTERS[1]:
            by = 1 if row["member_id"] == "acute-trust" else -1
            row["carried_pence"] += by
            row["balance_pence"] += by

    _rewrite(spoilt, "members", columns.ADVANCES, moved)
    _reseal(spoilt)
    # whoever can write to the folder can write the journal too, which books the difference of both balances, and the
    # list of what moved, which names the tables it was made for
    followed = ("members/journal", "members/datapackage", "public/data/revisions")
    assert not [one for one in _said(spoilt) if not one.startswith(followed)]
    found = [one for one in _said(spoilt, releases.former) if "advances.csv" in one]
    former = next(
        row for row in made_rows(releases.former)
        if (row["period_id"], row["member_id"]) == (QUARTERS[1], "acute-trust")
    )  # fmt: skip
    assert len(found) == 2
    assert f"is written as {former['balance_pence'] + 1} pence" in found[0]
    assert f"and {former['balance_pence']} pence" in found[0]
    assert "the advance of acute-trust before 2024-25-q2" in found[0]
    said = CliRunner().invoke(app, ["verify", str(spoilt), "--after", str(releases.former)])
    assert said.exit_code != 0
    assert "the advance of acute-trust before 2024-25-q2" in said.output


def made_rows(release: Path) -> list[dict[str, Any]]:
    from publication.reader import Release

    return [dict(row) for row in Release(release).csv("members/advances.csv", columns.ADVANCES)]


def test_an_earlier_posting_changed_or_left_out_is_named(releases: SimpleNamespace, spoilt: Path) -> None:
    def richer(row: dict[str, Any]) -> None:
        row["amount_pence"] += 1

    _rewrite(spoilt, "members", columns.PRIOR_POSTINGS, richer)
    found = [one for one in _said(spoilt, releases.former) if str(releases.former) in one]
    assert len(found) == 4, "gain and recoup of two quarters"
    assert all("members/prior_postings.csv" in one and "is written here" in one for one in found)
    assert "posting:derbyshire-real-only:2024-25-q1:gain" in found[0]
    # the former settlement forgotten, with what it started from
    for schema in (columns.PRIOR_POSTINGS, columns.ADVANCES):
        (spoilt / "members" / f"{schema.name}.csv").write_text(",".join(schema.names) + "\n")
    found = [one for one in _said(spoilt, releases.former) if str(releases.former) in one]
    assert len(found) == 4
    assert all("nothing here says so" in one for one in found)


def test_the_balances_of_the_settlement_that_is_restated_may_not_be_left_out(
    releases: SimpleNamespace, spoilt: Path
) -> None:
    lines = (spoilt / "members" / "advances.csv").read_text().splitlines(keepends=True)
    ids = {row["settlement_id"] for row in made_rows(spoilt)} - {None, ""}
    kept = [line for line in lines if not any(f",{one}," in line for one in ids)]
    assert len(lines) - len(kept) == 4
    (spoilt / "members" / "advances.csv").write_text("".join(kept))
    found = [one for one in _said(spoilt, releases.former) if str(releases.former) in one]
    assert len(found) == 4
    assert "is written as nothing, and 900000000 pence in" in found[0]


def test_a_former_release_without_members_compares_no_money(
    releases: SimpleNamespace, spoilt: Path, tmp_path: Path
) -> None:
    public = Path(shutil.copytree(releases.former, tmp_path / "public-only"))
    shutil.rmtree(public / "members")
    report = verify_release(spoilt, public)
    assert list(report) == []
    assert any("could not be compared" in note for note in report.notes)
    assert verify_release(spoilt, releases.former / "members" / "decisions.jsonl").notes == []
