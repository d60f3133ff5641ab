"""Likeness in the data cut: spellings of one person meet, a person decides what likeness cannot, and nothing shows."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from identity_feeds import KEY, clear_row, contract_of, send, token_row

from expectations.intake import take_in
from expectations.suites import BUILDERS
from expectations.suites.common import contract_rules
from foundation.errors import SystemFault, WrongUsage
from foundation.home import Home
from foundation.tokens import match_text
from ingest.contract import Contract
from ingest.cut import build_cut, links_of
from ingest.identity import likely as likely_module
from ingest.identity.link import person_key
from ingest.identity.links import undo_link
from ingest.identity.queue import decide_pair, waiting_pairs, write_sheet
from ingest.identity.review import ACCEPT, REFUSE, WITHDRAW, decisions_in_force, pair_id, read_decisions
from orchestration import identity as commands
from orchestration.cli import app

JO = {
    "nhs_number": "9990000018",
    "forename": "Joanna",
    "surname": "Okafor",
    "date_of_birth": "1961-04-02",
    "postcode": "SE10 9NF",
    "local_id": "c-1",
}
# another office's spelling, without the number
JOE = {**JO, "nhs_number": "", "forename": "Joana", "local_id": "c-2"}
TWIN = {**JO, "nhs_number": "", "forename": "Patricia", "local_id": "c-3"}
BABY = {**JO, "nhs_number": "", "forename": "Baby", "local_id": "c-4"}
NUMBER = str(KEY.token("9990000018"))


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILDERS, "visits", contract_rules)


@pytest.fixture(scope="module")
def agreed() -> dict[str, Contract]:
    return {"visits": contract_of()}


def match_of(who: dict[str, str]) -> str:
    return str(KEY.token(str(match_text(who["forename"], who["surname"], who["date_of_birth"]))))


def links(home: Home, agreed: dict[str, Contract]) -> dict[tuple[str, str], tuple[int | None, str]]:
    table = links_of(home, build_cut(home, agreed))
    return {(row["token_kind"], row["token"]): (row["person_key"], row["basis"]) for row in table.to_pylist()}


@pytest.fixture
def filled(home: Home, agreed: dict[str, Contract]) -> Home:
    """One sender's clear file with four spellings, another's tokens with two of them."""
    rows = [clear_row(number, who) for number, who in enumerate((JO, JOE, TWIN, BABY), 1)]
    assert take_in(home, send(home, "visits", rows, "CLR"), agreed).rows_accepted == 4
    others = [token_row(1, {**JOE, "local_id": "z"}), token_row(2, {**TWIN, "local_id": "y"})]
    assert take_in(home, send(home, "visits", others, "TOK"), agreed).rows_accepted == 2
    return home


def test_a_spelling_follows_the_number_that_likeness_finds(filled: Home, agreed: dict[str, Contract]) -> None:
    """GRW-08: the other sender's row, which has the spelling's token alone, is the same person's now."""
    found = links(filled, agreed)
    assert found["person", NUMBER] == (person_key(NUMBER), "number")
    assert found["match", match_of(JOE)] == (person_key(NUMBER), "probable")
    local = token_row(1, {**JOE, "local_id": "z"})["local_token"]
    assert found["local", local] == (person_key(NUMBER), "probable")
    assert found["match", match_of(TWIN)] == (person_key(match_of(TWIN)), "match")
    assert found["match", match_of(BABY)] == (person_key(match_of(BABY)), "match")


def test_what_is_kept_names_tokens_and_is_made_once(
    filled: Home, agreed: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = links(filled, agreed)
    kept = list((filled.vault / "identity" / "likely").iterdir())
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o777 == 0o600
    assert kept[0].parent.stat().st_mode & 0o777 == 0o700
    text = kept[0].read_text()
    assert match_of(JOE) in text
    assert not any(value in text for value in ("Joan", "Okafor", "OKAFOR", "1961", "SE10", "9990000018", "c-1"))
    monkeypatch.setattr(likely_module, "_link", lambda *_: pytest.fail("linked again"))
    assert links(filled, agreed) == before
    kept[0].chmod(0o600)
    kept[0].write_text("{")
    with pytest.raises(SystemFault, match="made anew"):
        links(filled, agreed)


def test_a_decision_joins_or_parts_and_is_taken_back_exactly(filled: Home, agreed: dict[str, Contract]) -> None:
    """GRW-08: every decision is stored with a reason and a name, and reversible."""
    before = build_cut(filled, agreed)
    rows = links(filled, agreed)
    merged = pair_id(NUMBER, match_of(JOE))
    decide_pair(filled, agreed, merged, REFUSE, "two cousins", "data lead")
    assert links(filled, agreed)["match", match_of(JOE)] == (person_key(match_of(JOE)), "match")
    assert build_cut(filled, agreed).cut_id != before.cut_id
    decide_pair(filled, agreed, merged, WITHDRAW, "they are one after all", "data lead")
    assert links(filled, agreed) == rows
    assert build_cut(filled, agreed) == before
    waiting = waiting_pairs(filled, agreed).review
    pair = next(
        item for item in waiting if match_of(BABY) in (item.token, item.other) and NUMBER in (item.token, item.other)
    )
    decide_pair(filled, agreed, pair_id(pair.token, pair.other), ACCEPT, "her birth record", "data lead")
    assert links(filled, agreed)["match", match_of(BABY)] == (person_key(NUMBER), "probable")
    assert pair not in waiting_pairs(filled, agreed).review
    assert [item.verdict for item in read_decisions(filled)] == [REFUSE, WITHDRAW, ACCEPT]
    assert [item.verdict for item in decisions_in_force(filled)] == [ACCEPT]
    assert (filled.vault / "identity" / "decisions.json").stat().st_mode & 0o777 == 0o600


def test_a_link_of_likeness_is_undone_like_any_other(filled: Home, agreed: dict[str, Contract]) -> None:
    links(filled, agreed)
    undo_link(filled, match_of(JOE), "two cousins", "data lead", apart_from=NUMBER)
    assert links(filled, agreed)["match", match_of(JOE)] == (person_key(match_of(JOE)), "match")


def test_the_sheet_shows_records_inside_the_vault_alone(filled: Home, agreed: dict[str, Contract]) -> None:
    waiting, sheet = write_sheet(filled, agreed)
    assert sheet is not None
    assert sheet.is_relative_to(filled.vault)
    assert sheet.stat().st_mode & 0o777 == 0o600
    with sheet.open(newline="", encoding="utf-8") as handle:
        shown = list(csv.DictReader(handle))
    assert {row["pair"] for row in shown} == {pair_id(item.token, item.other) for item in waiting}
    assert {"Baby", "Joanna"} <= {row["forename"] for row in shown}
    # the baby may be either twin; the two named twins are never offered as one person
    assert not any({item.token, item.other} == {match_of(TWIN), NUMBER} for item in waiting)
    for item in waiting:
        decide_pair(filled, agreed, pair_id(item.token, item.other), REFUSE, "not hers", "data lead")
    assert write_sheet(filled, agreed) == ((), None)
    assert not sheet.exists()


def test_a_decision_needs_a_pair_a_reason_and_a_name(filled: Home, agreed: dict[str, Contract]) -> None:
    pair = pair_id(NUMBER, match_of(JOE))
    for arguments in (
        ("0" * 12, REFUSE, "r", "b"),
        (pair, WITHDRAW, "r", "b"),
        (pair, REFUSE, " ", "b"),
        (pair, REFUSE, "r", ""),
        (pair, "maybe", "r", "b"),
    ):
        with pytest.raises(WrongUsage):
            decide_pair(filled, agreed, *arguments)
    assert read_decisions(filled) == []
    path = filled.vault / "identity" / "decisions.json"
    for content in ("{", "{}", "[1]", json.dumps([{"token": "9990000018"}]), json.dumps([_entry(token="9990000018")])):
        path.write_text(content)
        with pytest.raises(SystemFault) as fault:
            read_decisions(filled)
        assert "9990000018" not in str(fault.value)


def _entry(**changes: Any) -> dict[str, Any]:
    return {"token": "k1:" + "0" * 64, "other": "k1:" + "1" * 64, "verdict": ACCEPT, "reason": "r", "by": "b",
            "probability": None, "model": "m", **changes}  # fmt: skip


def test_a_clear_file_that_is_gone_or_changed_is_found_out(filled: Home, agreed: dict[str, Contract]) -> None:
    raw = next(path for path in filled.submissions.glob("*/*CLR*.csv"))
    kept = raw.read_bytes()
    raw.chmod(0o600)
    raw.write_bytes(kept.replace(b"Joanna", b"Joanne"))
    with pytest.raises(SystemFault, match="missing or was changed"):
        build_cut(filled, agreed)
    raw.unlink()
    with pytest.raises(SystemFault, match="missing or was changed"):
        build_cut(filled, agreed)


def test_who_sends_tokens_only_is_never_looked_at(home: Home, agreed: dict[str, Contract], tmp_path: Path) -> None:
    take_in(home, send(home, "visits", [token_row(1, JO), token_row(2, JOE)], "TOK"), agreed)
    shutil.move(home.submissions, tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "elsewhere", home.submissions, ignore=shutil.ignore_patterns("*.csv"))
    assert links(home, agreed)["match", match_of(JOE)] == (person_key(match_of(JOE)), "match")
    assert not (home.vault / "identity" / "likely").exists()


def test_rows_that_are_not_to_be_linked_are_not(home: Home) -> None:
    """GRW-08: without consent a clear row's names are no evidence either."""
    contract = contract_of(consent=True, identity={"linkWhen": {"consent": "Y"}})
    rows = [{**clear_row(1, JO), "consent": "Y"}, {**clear_row(2, JOE), "consent": "N"}]
    assert take_in(home, send(home, "visits", rows, "CLR"), {"visits": contract}).rows_accepted == 2
    assert not any(basis == "probable" for _, basis in links(home, {"visits": contract}).values())


# the page and its commands ----------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "review-links.md"


def _lines_of_the_page() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line.strip()]


def test_the_page_is_done_as_it_says(
    filled: Home, agreed: dict[str, Contract], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of docs/how-to/review-links.md, in its order, on a home with pairs that wait."""
    monkeypatch.setattr(commands, "contracts", lambda: agreed)
    before = links(filled, agreed)
    waiting = waiting_pairs(filled, agreed).review
    chosen = next(item for item in waiting if {item.token, item.other} == {match_of(BABY), NUMBER})
    name = pair_id(chosen.token, chosen.other)
    said, after = [], []
    for words in _lines_of_the_page():
        assert words[0] == "outturn"
        words = [name if word == "0123456789ab" else word for word in words[1:]]
        app([*words, "--home", str(filled.root)], standalone_mode=False)
        said.append(capsys.readouterr().out)
        after.append(links(filled, agreed)["match", match_of(BABY)])
    apart, joined = (person_key(match_of(BABY)), "match"), (person_key(NUMBER), "probable")
    assert after == [apart, joined, apart, apart, apart]
    assert name in said[0]
    assert "twins, seen on the register" in said[3]
    assert links(filled, agreed) == before
    assert not any(value in text for text in said for value in ("Joan", "Okafor", "1961", "9990000018"))


def test_a_judgement_that_says_two_things_is_wrong_usage(filled: Home) -> None:
    for words in (["--accept"], ["--pair", "x"], ["--pair", "x", "--accept", "--refuse"]):
        with pytest.raises(WrongUsage):
            app(["review-links", *words, "--home", str(filled.root)], standalone_mode=False)
