"""The members' statement says how each line stands with certificate and challenge (GRW-42), without knowing the day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from release_fixture import build_inputs

from publication.agreement import read_agreement
from publication.inputs import SettledAgreement
from publication.pages.book import Settled
from publication.pages.members import _settlement
from publication.standing import standing_of
from settlement.certificates import gross_pence, lines_hash
from settlement.decisions import append_record, key_from_seed, read_log
from settlement.terms import Terms, load_terms

GIVEN: SettledAgreement = build_inputs().settlements[0]
TERMS: Terms = load_terms(GIVEN.terms_yaml)
SETTLEMENT = str(GIVEN.postings[0]["settlement_id"])


def _add(log: bytes, kind: str, signer: str, **body: str) -> bytes:
    return log + append_record(
        log, agreement_id=TERMS.id, kind=kind, signer=signer, signed_at="2025-05-01T10:00:00Z", place="here",
        body={"approver": "chief officer", "settlement_id": SETTLEMENT, **body}, key=key_from_seed(b"fixture", signer),
    )  # fmt: skip


def _certified() -> bytes:
    return _add(
        GIVEN.decisions_jsonl, "settlement_certified", min(TERMS.commissioner_ids), terms_hash=TERMS.terms_hash,
        period_id="2024-25", supersedes="", lines_hash=lines_hash(GIVEN.member_lines),
        gross_pence=str(gross_pence(GIVEN.member_lines)),
    )  # fmt: skip


def _page(log: bytes, prior: list[dict[str, Any]]) -> tuple[str, list[list[str]]]:
    """The status of the whole, and the rows of the table by line."""
    rows = [list(map(dict, part)) for part in (GIVEN.postings, GIVEN.member_lines)]
    standing = standing_of(read_log(log), TERMS, rows[0], rows[1], prior)
    item = Settled(read_agreement(GIVEN.terms_yaml), "2024-25", [], rows[0], rows[1], {}, standing=standing)
    shown = _settlement(replace(item), ())
    (whole,) = [pair["text"] for pair in shown["pairs"] if pair["term"] == "Challenge status"]
    tables = [table for table in shown["tables"] if table["caption"] == "Challenge status by line"]
    return whole, [[cell["text"] for cell in row["cells"]] for table in tables for row in table["rows"]]


def test_one_status_for_all_lines_stands_once() -> None:
    assert _page(GIVEN.decisions_jsonl, []) == ("Shadow, nothing is payable; not certified yet.", [])
    whole, rows = _page(_certified(), [])
    assert whole.endswith(
        "certified on 1 May 2025, may be challenged to 23 May 2025, payable from 24 May 2025."
    ), whole  # fmt: skip
    assert rows == []


def test_a_disputed_line_and_what_was_posted_earlier_stand_apart() -> None:
    line = str(GIVEN.member_lines[0]["figure_id"])
    member = str(GIVEN.member_lines[0]["member_id"])
    log = _add(_certified(), "line_challenged", member, figure_id=line, reason="counted twice")
    whole, rows = _page(log, [])
    assert whole == "By line, below."
    assert len(rows) == len(GIVEN.member_lines)
    assert [row[3] for row in rows if "disputed by" in row[3]] == [
        f"Shadow, nothing is payable; disputed by {member} on 1 May 2025."
    ]
    earlier = [{"settlement_id": SETTLEMENT, "line": "gain", "amount_pence": 100}]
    _, rows = _page(log, [*earlier, {**earlier[0], "settlement_id": "unknown"}])
    assert rows[0][1:3] == ["All, posted earlier", "£1.00"]
    assert rows[0][3].endswith(f"{line} disputed by {member} (open).")
    assert rows[1][3] == "Not certified yet."
    assert standing_of((), TERMS, [], [], []) == []


def test_a_restatement_that_is_withheld_says_so_though_it_posts_nothing() -> None:
    """No postings is not payable: what waits stands in its steps."""
    live = replace(read_agreement(GIVEN.terms_yaml), shadow=False)
    steps = [{"step_id": "overall_score"}, {"step_id": "withheld_settlement"}]
    assert Settled(live, "2024-25", steps, [], [], {}).status == "withheld"
    assert Settled(live, "2024-25", steps[:1], [], [], {}).status == "payable"
    assert Settled(replace(live, shadow=True), "2024-25", steps[:1], [], [], {}).status == "shadow"
    assert Settled(live, "2024-25", steps, [{"status": "shadow"}], [], {}).status == "shadow"
