"""Opt-outs, objections and erasures: whose rows count, and that nothing of an erased person is left."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_feeds import KEY, clear_row, contract_of, send, token_row

from expectations.follow import follow, follow_all
from expectations.gate_cut import judge_register
from expectations.intake import judge_again, outdated, take_in
from expectations.suites import BUILDERS
from expectations.suites.common import contract_rules
from foundation.errors import Refused, SystemFault, WrongUsage
from foundation.home import Home
from foundation.tokens import local_text, match_text
from ingest.contract import Contract
from ingest.cut import build_cut
from ingest.identity import rights as lists
from ingest.identity.person import person_of, read_asked
from ingest.identity.requests import cases_path, read_cases, record
from ingest.identity.rights import (
    ERASED,
    OBJECTED,
    OPTED_OUT,
    replace_opt_outs,
    rights_of,
    set_objection,
    set_tombstones,
)
from ingest.identity.scan import holding
from ingest.register import Receipt, read_receipt, read_redaction, receipts, redaction_path
from orchestration import people

NUMBERS = ("9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069")


def who(place: int) -> dict[str, str]:
    return {
        "nhs_number": NUMBERS[place],
        "forename": "ABCDEF"[place],
        "surname": "Cairngorm",
        "date_of_birth": f"1950-02-0{place + 1}",
        "postcode": "SE10 9NF",
        "local_id": f"client-{place}",
    }


ANN, BOB, CAT = who(0), who(1), who(2)
ANNS_TOKENS = {
    KEY.token(ANN["nhs_number"]),
    KEY.token(str(match_text(ANN["forename"], ANN["surname"], ANN["date_of_birth"]))),
    KEY.token(local_text("CLR", ANN["local_id"])),
    KEY.token(local_text("TOK", ANN["local_id"])),
}


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    for feed in ("visits", "surveys"):
        monkeypatch.setitem(BUILDERS, feed, contract_rules)


@pytest.fixture(scope="module")
def agreed() -> dict[str, Contract]:
    """Two feeds: the opt-out applies to `surveys` and not to `visits`."""
    return {
        "visits": contract_of("visits"),
        "surveys": contract_of("surveys", opt_out="applies, patients' own answers are disclosed under section 251"),
    }


@pytest.fixture
def ours(agreed: dict[str, Contract], monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands, with the feeds of these tests and a day: no demo place is called `test`."""
    monkeypatch.setattr(people, "contracts", lambda: agreed)
    monkeypatch.setattr(people, "_today", lambda _: date(2025, 5, 1))


def rows_in_lake(home: Home) -> list[dict[str, Any]]:
    return [row for path in sorted(home.lake.rglob("*.parquet")) for row in pq.ParquetFile(path).read().to_pylist()]


def numbers_in_lake(home: Home, feed: str) -> list[str]:
    found = (home.lake / f"feed={feed}").rglob("*.parquet")
    return sorted(token for path in found for token in pq.ParquetFile(path).read().column("person_token").to_pylist())


def asked(home: Home, person: Mapping[str, str], *names: str) -> Path:
    path = home.root.parent / "who.json"
    path.write_text(json.dumps({name: person[name] for name in names}))
    return path


def test_b094_a_row_of_a_person_who_opted_out_is_held_back_where_the_opt_out_applies(
    home: Home, agreed: dict[str, Contract]
) -> None:
    """B094."""
    replace_opt_outs(home, [KEY.token(ANN["nhs_number"])])
    follow_all(home, agreed)
    surveys = take_in(home, send(home, "surveys", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    assert (surveys.outcome, surveys.rows_read, surveys.rows_accepted, surveys.rows_quarantined) == (
        "reject_record",
        2,
        1,
        1,
    )
    assert [(item.rule, item.row) for item in surveys.findings if item.severity == "reject_record"] == [(OPTED_OUT, 1)]
    assert dict(surveys.set_aside) == {OPTED_OUT: 1}
    assert numbers_in_lake(home, "surveys") == [KEY.token(BOB["nhs_number"])]
    visits = take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    assert (visits.outcome, visits.rows_accepted) == ("accept", 2)


def test_a_file_of_nobody_else_still_replaces_the_one_before(home: Home, agreed: dict[str, Contract]) -> None:
    take_in(home, send(home, "surveys", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    replace_opt_outs(home, [KEY.token(ANN["nhs_number"])])
    follow_all(home, agreed)
    last = take_in(home, send(home, "surveys", [clear_row(1, ANN)], "CLR", 2), agreed)
    assert last.accepted
    assert [item.submission_id for item in build_cut(home, agreed).submissions] == [last.submission_id]


def test_rows_that_rights_take_out_never_hold_a_file_back(home: Home, agreed: dict[str, Contract]) -> None:
    """More than a tenth of a file may be about people who opted out: that is not the file's fault."""
    replace_opt_outs(home, [KEY.token(ANN["nhs_number"])])
    follow_all(home, agreed)
    rows = [clear_row(number, ANN if number < 20 else BOB) for number in range(40)]
    receipt = take_in(home, send(home, "surveys", rows, "CLR"), agreed)
    assert (receipt.outcome, receipt.rows_accepted, receipt.rows_set_aside) == ("reject_record", 20, 20)


def test_an_opt_out_that_comes_later_takes_rows_out_and_its_end_lets_them_back(
    home: Home, agreed: dict[str, Contract]
) -> None:
    first = take_in(home, send(home, "surveys", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    whole, before = rows_in_lake(home), build_cut(home, agreed)
    replace_opt_outs(home, [KEY.token(ANN["nhs_number"])])
    with pytest.raises(Refused, match="do not follow"):
        build_cut(home, agreed)
    assert follow_all(home, agreed) == 1
    without = build_cut(home, agreed)
    assert without.cut_id != before.cut_id
    assert numbers_in_lake(home, "surveys") == [KEY.token(BOB["nhs_number"])]
    assert judge_register(home, without, agreed).passed
    held = read_receipt(home, first.submission_id)
    assert held is not None
    assert held.rows_read == held.rows_accepted + held.rows_quarantined + held.rows_deduplicated
    assert follow_all(home, agreed) == 0, "nothing changes when nothing has changed"
    assert replace_opt_outs(home, []) == (0, 1)
    assert follow_all(home, agreed) == 1
    back = build_cut(home, agreed)
    assert rows_in_lake(home) == whole
    assert judge_register(home, back, agreed).passed
    again = read_receipt(home, first.submission_id)
    assert again is not None
    assert (again.rows_accepted, again.set_aside, again.findings) == (2, (), first.findings)


def test_the_lists_can_be_read_by_their_owner_alone(home: Home) -> None:
    replace_opt_outs(home, [KEY.token(ANN["nhs_number"])])
    path = home.vault / "identity" / "set_aside.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(Refused, match="read by others"):
        rights_of(home)


def test_a_damaged_list_is_never_an_empty_one(home: Home) -> None:
    replace_opt_outs(home, [KEY.token(ANN["nhs_number"])])
    for damage in (b"", b"[]", b'{"person.opted_out": ["9990000018"], "person.objected": [], "returned": 0}'):
        (home.vault / "identity" / "set_aside.json").write_bytes(damage)
        with pytest.raises(SystemFault):
            rights_of(home)


def test_an_objection_counts_in_every_feed_and_can_be_taken_back(home: Home, agreed: dict[str, Contract]) -> None:
    take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    set_objection(home, ANNS_TOKENS, granted=True)
    follow_all(home, agreed)
    assert numbers_in_lake(home, "visits") == [KEY.token(BOB["nhs_number"])]
    later = take_in(home, send(home, "visits", [token_row(1, ANN), token_row(2, CAT)], "TOK"), agreed)
    assert [(item.rule, item.row) for item in later.findings if item.severity == "reject_record"] == [(OBJECTED, 1)]
    set_objection(home, ANNS_TOKENS, granted=False)
    follow_all(home, agreed)
    assert len(numbers_in_lake(home, "visits")) == 4


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    steps=st.lists(st.frozensets(st.integers(0, 5), max_size=4), min_size=1, max_size=4),
    erased=st.frozensets(st.integers(0, 5), max_size=2),
)
def test_whatever_the_lists_were_the_lake_is_what_they_are_now(
    tmp_path_factory: pytest.TempPathFactory,
    agreed: dict[str, Contract],
    rows: list[int],
    steps: list[frozenset[int]],
    erased: frozenset[int],
) -> None:
    """Law: the lake depends on what was sent and on the lists as they are, not on the way there."""
    home = Home(tmp_path_factory.mktemp("law") / "home")
    home.create(demo=True, place="test")
    sent = [clear_row(number, who(place)) for number, place in enumerate(rows)]
    receipt = take_in(home, send(home, "surveys", sent, "CLR"), agreed)
    for step in steps:
        replace_opt_outs(home, [KEY.token(NUMBERS[place]) for place in step])
        follow(home, agreed["surveys"])
        _is_what_it_should_be(home, receipt, rows, step, frozenset())
    set_tombstones(home, [token for place in erased for token in _all_tokens(place)])
    follow(home, agreed["surveys"])
    _is_what_it_should_be(home, receipt, rows, steps[-1], erased)


def _all_tokens(place: int) -> set[str]:
    person = who(place)
    match = str(match_text(person["forename"], person["surname"], person["date_of_birth"]))
    return {KEY.token(text) for text in (person["nhs_number"], match, local_text("CLR", person["local_id"]))}


def _is_what_it_should_be(
    home: Home, receipt: Receipt, rows: list[int], out: frozenset[int], erased: frozenset[int]
) -> None:
    left = [(number, place) for number, place in enumerate(rows, 1) if place not in out | erased]
    assert sorted(row["row_number"] for row in rows_in_lake(home)) == [number for number, _ in left]
    now = read_receipt(home, receipt.submission_id)
    assert now is not None
    assert now.rows_accepted == len(left)
    assert now.rows_read == now.rows_accepted + now.rows_quarantined == len(rows)


# erasure --------------------------------------------------------------------------------------------


def everything(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file as bytes, and what is inside: a second way of looking, which shares no code with the product's."""
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        yield path, data
        if path.suffix == ".parquet":
            yield path, repr(pq.ParquetFile(path).read().to_pylist()).encode()
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
                    yield path, repr(connection.execute(f'select * from "{table}"').fetchall()).encode()


def traces(home: Home, person: Mapping[str, str], tokens: set[str]) -> set[str]:
    """Files that hold a token or an identifier which is the person's alone."""
    needles = [token.partition(":")[2].encode() for token in tokens]
    needles += [person[name].encode() for name in ("nhs_number", "local_id", "date_of_birth")]
    return {
        path.relative_to(home.root).as_posix()
        for path, data in everything(home.root)
        if any(x in data for x in needles)
    }


def erase(home: Home, person: Mapping[str, str], *names: str, grant: bool = True) -> int:
    return people.person_request(
        home, "erase", asked(home, person, *names), "withdrew consent", "dpo", "consent was the basis" if grant else "",
        grant=grant, refuse=False,
    )  # fmt: skip


@pytest.mark.usefixtures("ours")
def test_nothing_of_an_erased_person_is_left_and_everybody_else_is(home: Home, agreed: dict[str, Contract]) -> None:
    take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB), clear_row(3, ANN)], "CLR"), agreed)
    take_in(home, send(home, "visits", [token_row(1, ANN), token_row(2, CAT)], "TOK"), agreed)
    build_cut(home, agreed)
    release = home.releases / "made"
    (release / "analyst").mkdir(parents=True)
    (release / "analyst" / "events.csv").write_text("events")
    (home.warehouse / "inputs").mkdir()
    pq.write_table(pa.table({"token": sorted(ANNS_TOKENS)}), home.warehouse / "inputs" / "links.parquet")
    assert traces(home, ANN, ANNS_TOKENS)
    assert erase(home, ANN, "nhs_number") == 0
    (home.root.parent / "who.json").unlink()
    assert traces(home, ANN, ANNS_TOKENS) == set()
    assert sorted(row["visit_id"] for row in rows_in_lake(home)) == ["v2", "v2"]
    assert traces(home, BOB, set())
    assert not (release / "analyst").exists()
    cut = build_cut(home, agreed)
    assert judge_register(home, cut, agreed).passed
    assert traces(home, ANN, ANNS_TOKENS) == set()
    case = read_cases(home)[-1]
    assert (case.kind, case.outcome, case.feeds) == ("erase", "granted", ("visits",))
    assert len(case.subject) == len(ANNS_TOKENS)


@pytest.mark.usefixtures("ours")
def test_with_another_key_in_force_the_erased_are_asked_for_again(home: Home, agreed: dict[str, Contract]) -> None:
    """Tokens of two keys never meet: until the person is known under the new one, no figure is built."""
    take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    erase(home, ANN, "nhs_number")
    other = {**agreed, "visits": contract_of("visits", identity={"keyIds": ["k1", "k2"]})}
    with pytest.raises(Refused, match="case 1 would not be recognised under the key k2"):
        build_cut(home, other)
    who_asks = home.root.parent / "who.json"
    who_asks.write_text(json.dumps({"tokens": ["k2:" + "c" * 64]}))
    words = ("court order", "dpo", "as in case 1")
    with pytest.raises(WrongUsage, match="no case 7"):
        people.person_request(home, "erase", who_asks, *words, grant=True, refuse=False, again=7)
    assert not lists.pending_path(home).exists()
    assert people.person_request(home, "erase", who_asks, *words, grant=True, refuse=False, again=1) == 0
    assert build_cut(home, other).submissions
    replace_opt_outs(home, ["k3:" + "0" * 64])
    follow_all(home, other)
    with pytest.raises(Refused, match="k3"):
        build_cut(home, other)


@pytest.mark.usefixtures("ours")
def test_b095_a_row_of_an_erased_person_that_is_sent_again_stays_out(home: Home, agreed: dict[str, Contract]) -> None:
    """B095."""
    first = send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR")
    manifest, sent = first.read_bytes(), first.with_name(first.name.removesuffix(".manifest.json"))
    data = sent.read_bytes()
    old = take_in(home, first, agreed)
    erase(home, ANN, "nhs_number")
    told = take_in(home, send(home, "visits", [clear_row(7, ANN), clear_row(2, BOB)], "CLR", 2), agreed)
    assert (told.outcome, told.rows_read, told.rows_accepted, told.rows_quarantined) == ("reject_record", 2, 1, 1)
    assert [(item.rule, item.row) for item in told.findings if item.severity == "reject_record"] == [(ERASED, 1)]
    # the very file that was redacted
    sent.write_bytes(data)
    first.write_bytes(manifest)
    assert take_in(home, first, agreed).submission_id == old.submission_id
    for _ in range(2):
        follow_all(home, agreed)
        build_cut(home, agreed)
        (home.root.parent / "who.json").unlink(missing_ok=True)
        assert traces(home, ANN, ANNS_TOKENS) == set()
        assert numbers_in_lake(home, "visits") == [KEY.token(BOB["nhs_number"])] * 2


@pytest.mark.usefixtures("ours")
def test_what_is_left_can_be_judged_again_under_other_rules(home: Home, agreed: dict[str, Contract]) -> None:
    for rows, sender in (
        ([clear_row(1, ANN), clear_row(2, BOB)], "CLR"),
        ([token_row(1, ANN), token_row(2, CAT)], "TOK"),
    ):
        take_in(home, send(home, "visits", rows, sender), agreed)
    erase(home, ANN, "nhs_number")
    before = {item.submission_id: item for item in receipts(home)}
    later = {**agreed, "visits": contract_of("visits", retention="two days")}
    assert len(outdated(home, later)) == 2
    for item in outdated(home, later):
        renewed = judge_again(home, item.submission_id, later)
        was = before[item.submission_id]
        assert renewed.contract_hash == later["visits"].hash
        assert (renewed.rows_accepted, renewed.lake_files, renewed.sha256, renewed.set_aside) == (
            was.rows_accepted,
            was.lake_files,
            was.sha256,
            was.set_aside,
        )
    assert judge_register(home, build_cut(home, later), later).passed


@pytest.mark.usefixtures("ours")
def test_what_says_which_rows_were_emptied_is_missed_when_it_is_damaged(
    home: Home, agreed: dict[str, Contract]
) -> None:
    receipt = take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    erase(home, ANN, "nhs_number")
    redaction_path(home, receipt.submission_id).write_bytes(b"{")
    with pytest.raises(SystemFault, match="from backup"):
        read_redaction(home, receipt.submission_id)


@pytest.mark.usefixtures("ours")
def test_a_refused_file_is_searched_too_and_removed_where_it_cannot_be_read(
    home: Home, agreed: dict[str, Contract]
) -> None:
    wrong = [{**clear_row(1, ANN), "visited_on": "03.04.2025"}, {**clear_row(2, BOB), "visited_on": "03.04.2025"}]
    refused = take_in(home, send(home, "visits", wrong, "CLR"), agreed)
    path = send(home, "visits", [clear_row(1, ANN)], "CLR", 2)
    sent = path.with_name(path.name.removesuffix(".manifest.json"))
    sent.write_bytes(sent.read_bytes() + b"ragged,row\n")
    unreadable = take_in(home, path, agreed)
    assert (refused.outcome, unreadable.outcome) == ("reject_file", "reject_file")
    erase(home, ANN, "nhs_number", "forename", "surname", "date_of_birth")
    (home.root.parent / "who.json").unlink()
    assert traces(home, ANN, ANNS_TOKENS) == set()
    kept, gone = (read_redaction(home, item.submission_id) for item in (refused, unreadable))
    assert kept is not None
    assert kept.rows == frozenset({1})
    assert gone is not None
    assert gone.raw_sha256 is None


@pytest.mark.usefixtures("ours")
def test_an_erasure_that_was_cut_short_is_ended_before_anything_is_built(
    home: Home, agreed: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)

    def dies(*_: object) -> None:
        raise SystemFault("the power went.", "")

    with monkeypatch.context() as patch:
        patch.setattr(people, "_forget", dies)
        with pytest.raises(SystemFault, match="power"):
            erase(home, ANN, "nhs_number")
    with pytest.raises(Refused, match="not carried out"):
        build_cut(home, agreed)
    people.finish_erasure(home)
    (home.root.parent / "who.json").unlink()
    assert traces(home, ANN, ANNS_TOKENS) == set()
    assert build_cut(home, agreed).submissions
    assert len(read_cases(home)) == 1


@pytest.mark.usefixtures("ours")
def test_an_erasure_is_not_done_while_a_file_still_holds_the_person(home: Home, agreed: dict[str, Contract]) -> None:
    take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), agreed)
    note = home.vault / "identity" / "somebodys-note.txt"
    note.write_text(f"look at {KEY.token(ANN['nhs_number'])}")
    with pytest.raises(SystemFault, match="somebodys-note"):
        erase(home, ANN, "nhs_number")
    note.unlink()
    people.finish_erasure(home)
    assert build_cut(home, agreed).submissions


@pytest.mark.usefixtures("ours")
def test_against_a_public_task_erasure_is_refused_unless_somebody_grants_it(
    home: Home, agreed: dict[str, Contract], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task = replace(
        agreed["visits"],
        custom=agreed["visits"].custom.model_copy(
            update={
                "lawfulBasis": agreed["visits"].custom.lawfulBasis.model_copy(
                    update={"article6": "6(1)(e) public task"}
                )
            }
        ),
    )
    monkeypatch.setattr(people, "contracts", lambda: {**agreed, "visits": task})
    take_in(home, send(home, "visits", [clear_row(1, ANN)], "CLR"), agreed)
    assert erase(home, ANN, "nhs_number", grant=False) == 1
    case = read_cases(home)[-1]
    assert case.outcome == "refused"
    assert "public task" in case.reason
    assert len(rows_in_lake(home)) == 1
    assert erase(home, ANN, "nhs_number") == 0
    assert rows_in_lake(home) == []
    said = capsys.readouterr().out
    assert not any(value in said for value in (*ANN.values(), *ANNS_TOKENS))


def test_a_persons_tokens_are_those_of_nobody_else(home: Home, agreed: dict[str, Contract]) -> None:
    """Ann and her namesake share name and birthday: the match token is both's and stays."""
    namesake = {**BOB, "forename": ANN["forename"], "date_of_birth": ANN["date_of_birth"]}
    take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, namesake)], "CLR"), agreed)
    number = KEY.token(ANN["nhs_number"])
    found = person_of(home, frozenset({number}), agreed)
    assert found.tokens == {number, KEY.token(local_text("CLR", ANN["local_id"]))}
    assert found.shared == 1
    match = KEY.token(str(match_text(ANN["forename"], ANN["surname"], ANN["date_of_birth"])))
    with pytest.raises(Refused, match="several persons"):
        person_of(home, frozenset({match}), agreed)


def test_a_reference_tied_to_a_number_leads_to_the_person(home: Home) -> None:
    tied = {"visits": contract_of("visits", identity={"localIdRule": "exclude_when_tied"})}
    lone = {**ANN, "nhs_number": "", "forename": "", "surname": "", "date_of_birth": ""}
    take_in(home, send(home, "visits", [clear_row(1, ANN), clear_row(2, lone), clear_row(3, BOB)], "CLR"), tied)
    local = KEY.token(local_text("CLR", ANN["local_id"]))
    found = person_of(home, frozenset({local}), tied)
    assert {local, KEY.token(ANN["nhs_number"])} <= found.tokens
    assert found.rows == {"visits": 2}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"nhs_number": "9990000019"}',
        b'{"nhs_number": 5, "name": "x"}',
        b'{"forename": "Ann", "surname": "X"}',
        b'{"local_id": "client-77"}',
        b'{"tokens": ["9990000018"]}',
    ],
)
def test_a_request_that_names_nobody_is_refused_without_repeating_it(content: bytes) -> None:
    with pytest.raises((Refused, WrongUsage)) as refusal:
        read_asked(content, lambda: KEY, test_numbers=True)
    assert not any(word in str(refusal.value) for word in ("999000001", "client-77", "Ann"))
    assert refusal.value.mend


def test_a_case_that_was_changed_is_noticed(home: Home) -> None:
    told: dict[str, Any] = {"feeds": (), "grounds": "g", "outcome": "refused", "by": "dpo", "on": date(2025, 4, 1)}
    for reason in ("first", "second"):
        record(home, "rectify", tokens=ANNS_TOKENS, reason=reason, **told)
    assert [case.reason for case in read_cases(home)] == ["first", "second"]
    assert cases_path(home).stat().st_mode & 0o777 == 0o600
    cases_path(home).write_bytes(cases_path(home).read_bytes().replace(b"first", b"other"))
    with pytest.raises(Refused, match="case 2"):
        read_cases(home)
    with pytest.raises(WrongUsage):
        record(home, "rectify", tokens=(), reason=" ", **told)


def test_tombstones_say_nothing_without_their_key(home: Home) -> None:
    set_tombstones(home, ANNS_TOKENS)
    stones = json.loads((home.tombstones / "tombstones.json").read_bytes())
    assert len(stones) == len(ANNS_TOKENS)
    assert not ANNS_TOKENS & set(stones)
    assert rights_of(home).is_erased([*ANNS_TOKENS, KEY.token("other")]) == ANNS_TOKENS


def test_the_key_of_tombstones_is_missed(tmp_path: Path) -> None:
    home = Home(tmp_path / "live")
    home.create(demo=False, place="test")
    set_tombstones(home, ANNS_TOKENS)
    assert rights_of(home).is_erased(ANNS_TOKENS) == ANNS_TOKENS
    (home.tombstones / "tombstones.key").write_text("nothing")
    with pytest.raises(Refused, match="no key"):
        rights_of(home)
    (home.tombstones / "tombstones.key").unlink()
    with pytest.raises(Refused, match="gone"):
        lists.tombstone_key(home)


def test_the_search_opens_what_can_be_opened_and_says_what_cannot(tmp_path: Path) -> None:
    token = "ab" * 32
    pq.write_table(pa.table({"t": [token]}), tmp_path / "a.parquet")
    with duckdb.connect(str(tmp_path / "b.duckdb")) as connection:
        connection.execute("create table t as select ? as x from range(5000)", [token])
    with gzip.open(tmp_path / "c.gz", "wb") as packed:
        packed.write(b"x " + token.encode())
    with zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED) as many:
        many.writestr("inner", token)
    (tmp_path / "e.txt").write_text(f"k1:{token}")
    (tmp_path / "not.txt").write_text(f"0{token}")
    assert [path.name for path in holding(tmp_path, [token])] == ["a.parquet", "b.duckdb", "c.gz", "d.zip", "e.txt"]
    (tmp_path / "f.parquet").write_bytes(b"PAR1")
    with pytest.raises(SystemFault, match=r"f\.parquet"):
        holding(tmp_path, [token])
