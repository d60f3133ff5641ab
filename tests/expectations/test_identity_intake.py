"""Identifiers at intake: they become tokens in the vault, and nothing of them comes out by any way."""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from containers import in_every_container
from deliveries import deliver, manifest_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_feeds import ANN, KEY, SUBJECT, clear_row, contract_of, csv_of, document, send, token_row

from expectations import rows as row_checks
from expectations.examine import check_file
from expectations.intake import judge_again, take_in
from expectations.suites import BUILDERS
from expectations.suites.common import contract_rules
from foundation.errors import OutturnError, Refused, SystemFault, WrongUsage
from foundation.home import Home
from foundation.tokens import local_text, match_text
from ingest import quarantine
from ingest.contract import Contract, parse_contract
from ingest.cut import build_cut, links_of, read_cut
from ingest.identity import tokenise as tokenise_module
from ingest.identity.declared import IDENTIFIERS, MADE_OF, Identity
from ingest.identity.keyring import Keyring, demo_key
from ingest.identity.link import links_diff
from ingest.identity.links import undo_link
from ingest.identity.pseudonymise import pseudonymise_file
from ingest.identity.tokenise import shielded
from ingest.register import Register, read_withdrawal, withdraw

BOB = {**ANN, "nhs_number": "", "forename": "Bob", "surname": "NUL", "local_id": "client-78"}


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILDERS, "visits", contract_rules)


@pytest.fixture(scope="module")
def visits() -> Contract:
    return contract_of()


@pytest.fixture(scope="module")
def agreed(visits: Contract) -> dict[str, Contract]:
    return {"visits": visits}


def lake_rows(home: Home) -> list[dict[str, Any]]:
    return [row for path in sorted(home.lake.rglob("*.parquet")) for row in pq.ParquetFile(path).read().to_pylist()]


def outside_the_raw_files(home: Home) -> bytes:
    """Every path and byte of the home but the raw files themselves, waiting or kept, which are what was sent."""
    raw = {json.loads(path.read_bytes())["file_name"] for path in home.submissions.glob("*/receipt.json")} | {"raw"}
    return b"\n".join(
        path.as_posix().encode() + path.read_bytes()
        for path in sorted(home.root.rglob("*"))
        if path.is_file()
        and not (path.parent.parent == home.submissions and path.name in raw)
        and not (path.parent.parent == home.landing and path.suffix == ".csv")
    )


def test_identifiers_become_the_tokens_a_sender_would_have_made(home: Home, agreed: dict[str, Contract]) -> None:
    receipt = take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    assert (receipt.outcome, receipt.rows_accepted) == ("accept", 2)
    assert dict(receipt.profile)["nhs_number.missing"] == "1"
    ann, bob = lake_rows(home)
    assert ann == {
        "row_number": 1,
        "visit_id": "v1",
        "person_token": KEY.token("9990000018"),
        "match_token": KEY.token("match\x1fANN\x1fONEILLNULL\x1f1950-02-03"),
        "local_token": KEY.token(local_text("CLR", "client-77")),
        "nhs_number_status": "valid",
        "birth_month": "1950-02",
        "visited_on": date(2025, 4, 3),
    }
    assert bob["person_token"] is None
    assert bob["nhs_number_status"] == "missing"
    assert bob["match_token"] == KEY.token(str(match_text("Bob", "NUL", "1950-02-03")))


def test_the_senders_tool_gives_what_intake_gives(home: Home, agreed: dict[str, Contract], tmp_path: Path) -> None:
    """GRW-02: two senders with different layouts give the same rows, whoever turned identifiers into tokens."""
    clear = tmp_path / "april.csv"
    clear.write_bytes(csv_of([clear_row(1, ANN, "TOK", own=False), clear_row(2, BOB, "TOK", own=False)]))
    made = pseudonymise_file(clear, agreed["visits"], KEY, test_numbers=True)
    assert made.path == tmp_path / "april.tokens.csv"
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert (made.organisation, made.rows, made.key_id) == ("TOK", 2, "k1")
    assert made.verdicts == {"missing": 1, "valid_test_range": 1}
    assert list(csv.DictReader(io.StringIO(made.path.read_text()))) == [token_row(1, ANN), token_row(2, BOB)]
    assert json.loads(json.dumps(made.report()))["rows"] == 2
    told = manifest_of("visits", "TOK", "2025-04-01", "2025-04-30", made.path.read_bytes(), made.rows)
    assert take_in(home, deliver(home, told, made.path.read_bytes()), agreed).outcome == "accept"
    assert [row["match_token"] for row in lake_rows(home)] == [token_row(0, who)["match_token"] for who in (ANN, BOB)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"date_of_birth": "03/02/1950"}, "row 1, date_of_birth"),
        ({"local_id": "x\u200by"}, "row 1, local_id"),
        ({"organisation": "ZZZ"}, "not list"),
        ({"organisation": "CLR"}, "justification"),
    ],
)
def test_the_senders_tool_refuses_by_row_and_never_by_value(
    tmp_path: Path, visits: Contract, change: dict[str, str], said: str
) -> None:
    clear = tmp_path / "april.csv"
    clear.write_bytes(csv_of([{**clear_row(1, ANN, "TOK", own=False), **change}]))
    with pytest.raises(OutturnError) as refusal:
        pseudonymise_file(clear, visits, KEY)
    assert said in str(refusal.value)
    assert not any(value in str(refusal.value) for value in ANN.values())
    assert list(tmp_path.iterdir()) == [clear]


def test_the_senders_tool_overwrites_nothing_and_takes_one_sender(tmp_path: Path, visits: Contract) -> None:
    clear, out = tmp_path / "april.csv", tmp_path / "out.csv"
    clear.write_bytes(csv_of([clear_row(1, ANN, "TOK", own=False), clear_row(2, BOB, "CLR", own=False)]))
    out.write_text("mine")
    with pytest.raises(WrongUsage):
        pseudonymise_file(clear, visits, KEY, out=out)
    assert out.read_text() == "mine"
    with pytest.raises(Refused):
        pseudonymise_file(clear, visits, KEY, organisation="TOK")
    with pytest.raises(WrongUsage):
        pseudonymise_file(tmp_path / "none.csv", visits, KEY)
    with pytest.raises(WrongUsage):
        pseudonymise_file(clear, contract_of(identity={"clearJustification": {}}, **TOKENS_ONLY), KEY)


TOKENS_ONLY: dict[str, Any] = {
    "layouts": {
        "canonical": {"absent": ["nhs_number", "forename", "surname", "date_of_birth", "postcode", "local_id"]}
    },
    "senders": {"TOK": {"layout": "canonical"}},
}


def test_identifiers_from_a_sender_of_tokens_are_refused(home: Home, agreed: dict[str, Contract]) -> None:
    """INTAKE: clear identifiers are the exception a feed must justify; the receipt tells what to do instead."""
    receipt = take_in(home, send(home, "visits", [clear_row(1, ANN, "TOK", own=False)], "TOK"), agreed)
    assert receipt.outcome == "reject_file"
    assert [item.rule for item in receipt.findings] == ["structure.column_identifying"]
    assert "pseudonymise" in receipt.findings[0].message
    assert lake_rows(home) == []


def test_identifiers_without_a_manifest_are_checked_for_their_sender(tmp_path: Path, visits: Contract) -> None:
    path = tmp_path / "april.csv"
    path.write_bytes(csv_of([clear_row(1, ANN, "TOK", own=False)]))
    assert check_file(path, visits).outcome == "reject_file"
    path.write_bytes(csv_of([clear_row(1, ANN, "CLR")]))
    report = check_file(path, visits)
    # her number is of the test range: a number in the demonstration alone, and a sender's check knows of none
    assert [item.rule for item in report.findings] == ["value.nhs_number_counted"]
    assert report.accepted is not None
    assert set(report.accepted.column_names) == {
        "row_number",
        "organisation",
        "visit_id",
        "nhs_number_status",
        "birth_month",
        "visited_on",
    }


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("person_token", "9990000018", "row.pattern"),
        ("match_token", "ONEILL 1950", "row.pattern"),
        ("local_token", "k1:" + "0" * 63, "row.pattern"),
        ("local_token", "k1:" + "0" * 64 + "\u2028", "value.invisible_character"),
        ("person_token", "", "row.cross_field"),
        ("nhs_number_status", "invalid", "row.cross_field"),
    ],
)
def test_what_is_not_a_token_is_held_back_unseen(
    home: Home, agreed: dict[str, Contract], column: str, value: str, rule: str
) -> None:
    rows = [{**token_row(1, ANN), column: value}, token_row(2, BOB)]
    receipt = take_in(home, send(home, "visits", rows, "TOK"), agreed)
    assert (receipt.outcome, receipt.rows_accepted, receipt.rows_quarantined) == ("reject_record", 1, 1)
    assert [(item.rule, item.row) for item in receipt.findings] == [(rule, 1)]
    record = quarantine.read_record(home, receipt.submission_id)
    assert record is not None
    assert [row["row"] for row in record["rows"]] == [1]
    assert not value or value.encode() not in outside_the_raw_files(home)


def test_who_does_not_consent_keeps_a_row_and_nothing_else(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INTAKE: rows without consent are counted with every field but the organisation's own blank, and never linked."""
    monkeypatch.setitem(BUILDERS, "consents", contract_rules)
    contract = contract_of("consents", consent=True, identity={"linkWhen": {"consent": "Y"}})
    rows = [{**clear_row(1, ANN), "consent": "N"}, {**clear_row(2, ANN), "consent": "Y"}]
    assert take_in(home, send(home, "consents", rows, "CLR"), {"consents": contract}).rows_accepted == 2
    without, given_ = lake_rows(home)
    assert {name: without[name] for name in ("person_token", "match_token", "birth_month", "nhs_number_status")} == {
        "person_token": None,
        "match_token": None,
        "birth_month": None,
        "nhs_number_status": None,
    }
    assert without["local_token"] == given_["local_token"]
    assert given_["person_token"] == KEY.token(ANN["nhs_number"])
    cut = build_cut(home, {"consents": contract})
    assert {row["token_kind"] for row in links_of(home, cut).to_pylist()} == {"person", "match", "local"}
    sent = [{**token_row(1, ANN), "consent": "N"}, {**token_row(2, ANN), "consent": "Y"}]
    receipt = take_in(home, send(home, "consents", sent, "TOK"), {"consents": contract})
    faults = [(item.rule, item.column, item.row) for item in receipt.findings if item.row]
    assert faults == [("row.cross_field", "person_token", 1)]
    clear = tmp_path / "x.csv"
    clear.write_bytes(csv_of([{**clear_row(1, ANN, "TOK", own=False), "consent": "N"}]))
    (line,) = csv.DictReader(io.StringIO(pseudonymise_file(clear, contract, KEY).path.read_text()))
    assert [line[name] for name in ("person_token", "match_token", "nhs_number_status", "birth_month")] == [""] * 4


def test_a_number_that_is_none_keeps_its_row(home: Home, agreed: dict[str, Contract]) -> None:
    rows = [clear_row(1, {**ANN, "nhs_number": "9990000019"}), clear_row(2, {**ANN, "nhs_number": "n/a"})]
    assert take_in(home, send(home, "visits", rows, "CLR"), agreed).rows_accepted == 2
    assert [(row["nhs_number_status"], row["person_token"]) for row in lake_rows(home)] == [
        ("invalid", None),
        ("missing", None),
    ]


@pytest.mark.parametrize(
    "number", ["9.43E+09", "400000063", "4444444444", "9434765919", "4000000633", "see letter", "5000000000"]
)
def test_a_contract_may_hold_back_what_is_no_number(number: str, home: Home, tmp_path: Path) -> None:
    """B061, B063, B064, B065: intake holds the row back, and the sender's own tool refuses it before it is sent."""
    contract = contract_of(identity={"invalidNhsNumber": "quarantine"})
    rows = [clear_row(1, {**ANN, "nhs_number": "4000000632"}, "TOK", own=False)]
    rows += [clear_row(place, {**ANN, "nhs_number": sent}, "TOK", own=False) for place, sent in ((2, number), (3, ""))]
    path = tmp_path / "x.csv"
    path.write_bytes(csv_of(rows))
    with pytest.raises(Refused, match="row 2, nhs_number") as refusal:
        pseudonymise_file(path, contract, KEY)
    assert number not in str(refusal.value)
    assert not list(tmp_path.glob("*.tokens*"))
    lenient = pseudonymise_file(path, contract_of(), KEY)
    assert (lenient.rows, [item.rule for item in lenient.findings]) == (3, ["value.nhs_number_counted"])
    live = [clear_row(place, {**ANN, "nhs_number": sent}) for place, sent in ((1, "4000000632"), (2, number), (3, ""))]
    receipt = take_in(home, send(home, "visits", live, "CLR"), {"visits": contract})
    if number == "9434765919":
        # in a demonstration the test range is where its people are
        assert receipt.rows_accepted == 3
        return
    assert (receipt.rows_read, receipt.rows_accepted, receipt.rows_quarantined) == (3, 2, 1)
    assert [(item.rule, item.row) for item in receipt.findings] == [("value.nhs_number", 2)]
    assert [row["nhs_number_status"] for row in lake_rows(home)] == ["valid", "missing"]


def test_the_sender_s_tool_reads_every_container_and_writes_csv(tmp_path: Path) -> None:
    contract = contract_of(containers=["csv", "gzip", "xlsx"])
    data = csv_of([clear_row(1, {**ANN, "nhs_number": "4000000632"}, "TOK", own=False)])
    made = []
    for ending, content in (
        (".csv", data),
        (".csv.gz", gzip.compress(data)),
        (".xlsx", in_every_container(data)["xlsx"][1]),
    ):
        path = tmp_path / f"extract{ending}"
        path.write_bytes(content)
        out = pseudonymise_file(path, contract, KEY).path
        assert out.name == "extract.tokens.csv"
        made.append(out.read_bytes())
        out.unlink()
    assert made[0] == made[1] == made[2]


def test_numbers_of_the_test_range_are_none_outside_a_demo(
    tmp_path: Path, agreed: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Home(tmp_path / "live")
    live.create(demo=False, place="test")
    sent = send(live, "visits", [clear_row(1, ANN), clear_row(2, {**ANN, "nhs_number": "4000000632"})], "CLR")
    monkeypatch.delenv("OUTTURN_TOKEN_KEY", raising=False)
    with pytest.raises(Refused, match="OUTTURN_TOKEN_KEY"):
        take_in(live, sent, agreed)
    assert sent.exists()
    key = tmp_path / "key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    monkeypatch.setenv("OUTTURN_TOKEN_KEY", str(key))
    take_in(live, sent, agreed)
    assert [row["nhs_number_status"] for row in lake_rows(live)] == ["invalid", "valid"]
    assert KEY.token("4000000632") not in {row["person_token"] for row in lake_rows(live)}


def test_tokens_need_no_key_in_a_live_home(
    tmp_path: Path, agreed: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commissioner of a feed of tokens holds no key at all."""
    monkeypatch.delenv("OUTTURN_TOKEN_KEY", raising=False)
    live = Home(tmp_path / "live")
    live.create(demo=False, place="test")
    assert take_in(live, send(live, "visits", [token_row(1, ANN)], "TOK"), agreed).outcome == "accept"


# canaries -------------------------------------------------------------------------------------------

_NAMES = st.one_of(
    st.sampled_from(
        ["NUL", "Null", "Total", "=HYPERLINK(1)", "O'Brien; --", "Zoë", "李小龙", "Null,Island", "N/A", "\u00a0"]
    ),
    # marked, or a drawn name may be a word of our own receipts, such as `warn`
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=4, max_size=20).map(
        lambda name: f"{name}ẅ7"
    ),
)
_CANARY = "QX7"


@st.composite
def _people(draw: st.DrawFn) -> dict[str, str]:
    """A person whose every value is odd, and carries a mark by which it is found again."""
    return {
        "nhs_number": draw(st.sampled_from(["9990000018", "999 000 0026", "9.99E+09", "12345678" + _CANARY, ""])),
        "forename": draw(_NAMES),
        "surname": draw(_NAMES) + _CANARY,
        "date_of_birth": draw(st.sampled_from(["1950-02-03", "1950-02-31", "03/02/1950", "1950" + _CANARY, ""])),
        "postcode": draw(st.sampled_from(["SE10 9NF", "SE10" + _CANARY, ""])),
        "local_id": draw(st.sampled_from(["client-4711", "client" + _CANARY, "a\u200bclient-4711"])),
    }


def _said(work: Any) -> str:
    """Everything a step says: its result, its error with all that hangs on it, and what it logs."""
    heard: list[str] = []

    class _Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    ear = _Ear()
    logging.getLogger().addHandler(ear)
    try:
        heard.append(repr(work()))
    except Exception as error:
        link: BaseException | None = error
        while link is not None:
            heard += [repr(link), repr(vars(link)), repr(link.args)]
            link = link.__cause__ or link.__context__
        heard.append("".join(traceback.format_exception(error)))
    finally:
        logging.getLogger().removeHandler(ear)
    return "\n".join(heard)


def _values(people: list[dict[str, str]]) -> Iterator[str]:
    for person in people:
        for name in SUBJECT:
            value = person[name].strip()
            if (len(value) >= 4 and name != "nhs_number") or _CANARY in value:
                yield value
            if name == "nhs_number" and value:
                yield value
                yield value.replace(" ", "")


def _assert_silent(text: str, people: list[dict[str, str]]) -> None:
    assert _CANARY not in text
    ours = {"client", "clear", "visit", "Null", "Total", "test"}
    for value in _values(people):
        if value in ours or not any(sign.isalnum() for sign in value):
            continue
        assert value not in text, "a value came out"


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(people=st.lists(_people(), min_size=1, max_size=3), breaks=st.sampled_from(["", "number", "match", "hash"]))
def test_no_value_of_an_identifying_column_comes_out(
    people: list[dict[str, str]], breaks: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in identifying columns, good or bad, and wherever tokenising breaks half-way: no finding, receipt,
    quarantine record, lake file, log line or exception holds it."""
    visits = contract_of()
    home = Home(tmp_path_factory.mktemp("home"))
    home.create(demo=True, place="test")
    rows = [clear_row(number, person) for number, person in enumerate(people)]
    sent = send(home, "visits", rows, "CLR")

    def failing(*parts: Any) -> Any:
        raise ValueError(f"cannot handle {parts!r}")

    with pytest.MonkeyPatch.context() as patch:
        if breaks == "number":
            patch.setattr(tokenise_module.nhs_number, "judge_all", failing)
        if breaks == "match":
            patch.setattr(tokenise_module, "match_text", failing)
        if breaks == "hash":
            patch.setattr(tokenise_module, "local_text", failing)
        heard = _said(lambda: take_in(home, sent, {"visits": visits}))
        _assert_silent(heard, people)
        copy = home.root / "copy.csv"
        copy.write_bytes(csv_of([{**clear_row(1, person, "TOK", own=False)} for person in people]))
        _assert_silent(_said(lambda: pseudonymise_file(copy, visits, KEY, out=home.root / "out.csv").report()), people)
        copy.unlink()
        check = home.root / "check.csv"
        check.write_bytes(csv_of(rows))
        _assert_silent(_said(lambda: check_file(check, visits)), people)
        check.unlink()
    assert any(home.landing.rglob("*.csv")) == ("SystemFault" in heard)
    _assert_silent(outside_the_raw_files(home).decode("utf-8", errors="replace"), people)


def test_the_shield_lets_no_first_error_hang_on() -> None:
    def quoting() -> None:
        date.fromisoformat("9990000018")

    with pytest.raises(SystemFault) as fault:
        shielded("a step", quoting)
    assert fault.value.__context__ is None
    assert fault.value.__cause__ is None
    assert "ValueError" in str(fault.value)
    assert "9990000018" not in "".join(traceback.format_exception(fault.value))
    assert sys.exc_info() == (None, None, None)


# contracts ------------------------------------------------------------------------------------------


def spoiled(**changes: Any) -> bytes:
    return yaml.safe_dump(document(**changes), sort_keys=False).encode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"identifyingColumns": [], "layouts": {"canonical": {}, "own_clear": {}}},
            "identifyingColumns: date_of_birth",
        ),
        ({"identity": {"tokens": ["person_token"]}}, "identity.tokens: birth_month"),
        ({"identity": {"linkable": False}}, "linkable"),
        ({"identity": {"clearJustification": {}}}, "clearJustification"),
        ({"identity": {"clearJustification": {"CLR": " "}}}, "justification"),
        ({"identity": {"clearJustification": {"CLR": "x", "TOK": "x"}}}, "TOK"),
        ({"identity": {"linkWhen": {"consent": "Y"}}}, "linkWhen"),
        ({"identity": {"linkWhen": {"nhs_number": "4000000632"}}}, "linkWhen"),
        ({"identity": {"localIdRule": "guess"}}, "localIdRule"),
        ({"windowColumns": ["visited_on", "date_of_birth"]}, "date_of_birth: no rule may look"),
        ({"layouts": {"canonical": {}, "clear": {}, "own_clear": {}}}, "must be absent"),
    ],
)
def test_a_contract_that_could_let_an_identifier_through_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_contract(spoiled(**changes), "visits.yaml")
    assert said in refusal.value.message


def test_identifiers_without_the_property_are_refused() -> None:
    content = document()
    content["customProperties"] = [item for item in content["customProperties"] if item["property"] != "identity"]
    with pytest.raises(Refused, match="identity: missing"):
        parse_contract(yaml.safe_dump(content).encode(), "visits.yaml")


def test_the_page_names_the_keys_and_columns_of_identity(repository: Path) -> None:
    page = (repository / "docs/reference/contracts.md").read_text()
    part = page.split("\n## Identity\n")[1].split("\n## ")[0]
    named = {line.split("`")[1] for line in part.splitlines() if line.startswith("| `")}
    assert named == {field.alias or name for name, field in Identity.model_fields.items()} | set(MADE_OF)
    for token, parts in MADE_OF.items():
        (line,) = (line for line in part.splitlines() if line.startswith(f"| `{token}`"))
        assert re.findall("`([a-z_]+)`", line.split("|")[3]) == list(parts)
    assert all(f"`{name}`" in part for name in IDENTIFIERS)


# withdrawal -----------------------------------------------------------------------------------------


def test_a_withdrawn_submission_counts_for_nothing_and_the_earlier_one_again(
    home: Home, agreed: dict[str, Contract]
) -> None:
    """A change of what counts is a recorded act, and the record stays."""
    first = take_in(home, send(home, "visits", [token_row(1, ANN)], "TOK"), agreed)
    before = build_cut(home, agreed)
    second = take_in(home, send(home, "visits", [token_row(1, ANN), token_row(2, BOB)], "TOK", 2), agreed)
    assert build_cut(home, agreed) != before
    made = withdraw(home, second.submission_id, "wrong month", "data lead", agreed, date(2025, 5, 20))
    assert read_withdrawal(home, second.submission_id) == made
    assert build_cut(home, agreed) == before
    register = Register.load(home)
    assert [item.submission_id for item in register.in_force()] == [first.submission_id]
    assert register.superseded() == []
    assert [item.submission_id for item in register.of("visits")] == [first.submission_id]
    with pytest.raises(WrongUsage, match="2025-05-20"):
        withdraw(home, second.submission_id, "again", "data lead", agreed, date(2025, 5, 21))
    again = take_in(home, send(home, "visits", [token_row(1, ANN), token_row(2, BOB)], "TOK", 2), agreed)
    assert again.repeated
    assert build_cut(home, agreed) == before
    other = take_in(home, send(home, "visits", [token_row(3, BOB)], "TOK", 2), agreed)
    assert [item.rule for item in other.findings] == ["delivery.sequence_not_higher"]
    third = take_in(home, send(home, "visits", [token_row(3, BOB)], "TOK", 3), agreed)
    assert [item.submission_id for item in Register.load(home).in_force()] == [third.submission_id]


def test_withdrawing_after_the_freeze_is_a_restatement(home: Home, agreed: dict[str, Contract]) -> None:
    """GRW-26: figures change after the freeze only by restatement.

    April's quarter ends on 30 June; with 14 days of lag its figures are provisional to 14 July.
    """
    receipt = take_in(home, send(home, "visits", [token_row(1, ANN)], "TOK"), agreed)
    with pytest.raises(Refused, match="no longer provisional"):
        withdraw(home, receipt.submission_id, "wrong", "lead", agreed, date(2025, 7, 15))
    assert read_withdrawal(home, receipt.submission_id) is None
    for reason, by in (("", "lead"), ("wrong", " ")):
        with pytest.raises(WrongUsage):
            withdraw(home, receipt.submission_id, reason, by, agreed, date(2025, 7, 14))
    with pytest.raises(WrongUsage):
        withdraw(home, "0" * 64, "wrong", "lead", agreed, date(2025, 7, 14))
    assert withdraw(
        home, receipt.submission_id, "wrong", "lead", agreed, date(2025, 7, 15), restatement=True
    ).restatement
    assert Register.load(home).in_force() == []


def test_the_cut_names_its_link_table(home: Home, agreed: dict[str, Contract]) -> None:
    """A cut about no person has none; with people it is part of the cut's identity, and a correction changes it."""
    empty = build_cut(home, agreed)
    assert empty.link_table is None
    assert links_of(home, empty).num_rows == 0
    take_in(home, send(home, "visits", [token_row(1, ANN), token_row(2, {**ANN, "nhs_number": ""})], "TOK"), agreed)
    cut = build_cut(home, agreed)
    assert read_cut(home, cut.cut_id) == cut
    assert build_cut(home, agreed) == cut
    table = links_of(home, cut)
    assert {row["token_kind"] for row in table.to_pylist()} == {"person", "match", "local"}
    local = token_row(1, ANN)["local_token"]
    files = {path: path.read_bytes() for path in home.lake.rglob("*.parquet")}
    undo_link(home, local, "two clients of one reference", "data lead")
    after = build_cut(home, agreed)
    assert after.cut_id != cut.cut_id
    assert after.submissions == cut.submissions
    assert links_diff(table, links_of(home, after))
    assert {path: path.read_bytes() for path in home.lake.rglob("*.parquet")} == files


def test_judging_again_gives_the_same_tokens(home: Home, agreed: dict[str, Contract]) -> None:
    receipt = take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    assert judge_again(home, receipt.submission_id, agreed).lake_files == receipt.lake_files


def test_great_expectations_sees_no_identifier(
    home: Home, agreed: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    run = row_checks.run_suite

    def watching(suite: Any, table: Any) -> Any:
        seen.append(table.column_names)
        return run(suite, table)

    monkeypatch.setattr(row_checks, "run_suite", watching)
    take_in(home, send(home, "visits", [clear_row(1, ANN)], "CLR"), agreed)
    assert seen
    assert not {name for names in seen for name in names} & set(SUBJECT)


def test_the_key_of_another_place_makes_other_tokens() -> None:
    assert demo_key("elsewhere").token("4000000632") != KEY.token("4000000632")
    assert "secret" not in repr(Keyring(lambda: KEY))
