"""Which tokens are one person: the passes against a plain reading of their rules, and what undoes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.errors import Refused, SystemFault, WrongUsage
from foundation.home import Home
from foundation.tables import write_parquet
from ingest.identity import link as link_module
from ingest.identity import links as links_module
from ingest.identity.link import FeedRows, Override, build_links, links_diff, person_key, same_evidence
from ingest.identity.links import (
    links_path,
    read_links,
    read_overrides,
    table_hash,
    undo_link,
)

TOKENS = ("person_token", "match_token", "local_token")
Row = tuple[str | None, str | None, str | None]


@dataclass
class Feed:
    rows: Sequence[Row]
    tied: bool = False
    consents: Sequence[str] = ()


def written(folder: Path, feeds: Sequence[Feed], parts: int = 1) -> list[FeedRows]:
    """The feeds as lake files, `parts` each."""
    found = []
    for number, feed in enumerate(feeds):
        paths = []
        for part in range(parts):
            rows = feed.rows[part::parts]
            columns = {
                name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(TOKENS)
            } | {"row_number": pa.array(range(len(rows)), pa.int64())}
            if feed.consents:
                columns["consent"] = pa.array(feed.consents[part::parts], pa.string())
            path = folder / f"f{number}" / f"part{part}.parquet"
            write_parquet(path, pa.table(columns))
            paths.append(path)
        found.append(FeedRows(f"f{number}", tuple(paths), TOKENS, feed.tied, {"consent": "Y"} if feed.consents else {}))
    return found


def as_rows(table: Any) -> dict[tuple[str, str], tuple[int | None, str]]:
    return {(row["token_kind"], row["token"]): (row["person_key"], row["basis"]) for row in table.to_pylist()}


def plain_reading(feeds: Iterable[Feed]) -> dict[tuple[str, str], tuple[int | None, str]]:
    """The passes as sentences, row by row."""
    rows = [
        (*row, feed.tied)
        for feed in feeds
        for place, row in enumerate(feed.rows)
        if not feed.consents or feed.consents[place] == "Y"
    ]
    found: dict[tuple[str, str], tuple[int | None, str]] = {}
    for person, *_ in rows:
        if person:
            found["person", person] = (person_key(person), "number")
    for match in {row[1] for row in rows if row[1]}:
        beside = {row[0] for row in rows if row[1] == match and row[0]}
        linkable = any(row[1] == match and (row[0] or not row[3]) for row in rows)
        if len(beside) == 1:
            found["match", match] = (person_key(beside.pop()), "number")
        elif beside:
            found["match", match] = (None, "ambiguous")
        elif linkable:
            found["match", match] = (person_key(match), "match")
    for local in {row[2] for row in rows if row[2]}:
        of_tied = [row for row in rows if row[2] == local and row[3]]
        if of_tied:
            excluded = any(row[0] for row in of_tied)
            found["local", local] = (None, "excluded") if excluded else (person_key(local), "local")
            continue
        people: set[int | None] = set()
        by_number = False
        for person, match, other, _ in rows:
            if other != local:
                continue
            if person:
                people.add(person_key(person))
                by_number = True
            elif match and found.get(("match", match), (None, ""))[0] is not None:
                people.add(found["match", match][0])
        if len(people) == 1:
            found["local", local] = (people.pop(), "number" if by_number else "match")
        elif people:
            found["local", local] = (None, "ambiguous")
        else:
            found["local", local] = (person_key(local), "local")
    return found


_TOKEN = {name: st.one_of(st.none(), st.sampled_from([f"{name[0]}{n}" for n in range(4)])) for name in TOKENS}
_ROWS = st.lists(st.tuples(*(_TOKEN[name] for name in TOKENS)), max_size=12)
_FEEDS = st.lists(st.builds(Feed, _ROWS, st.booleans()), min_size=1, max_size=3)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(feeds=_FEEDS, parts=st.integers(1, 3))
def test_the_passes_are_their_rules(feeds: list[Feed], parts: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """GRW-08: one person once; the answer does not hang on files or order."""
    table = build_links(written(tmp_path_factory.mktemp("a"), feeds, parts))
    assert as_rows(table) == plain_reading(feeds)
    shuffled = [Feed(feed.rows[::-1] * 2, feed.tied) for feed in feeds]
    assert build_links(written(tmp_path_factory.mktemp("b"), shuffled)[::-1]).equals(table)


def test_keys_are_what_the_specification_says() -> None:
    token = "k1:" + "0" * 64
    assert person_key(token) == int(sha256(token.encode()).hexdigest()[:15], 16) < 2**60


def test_the_council_rule(tmp_path: Path) -> None:
    """INTAKE: (123,-) is 123, (123,456) is 123, (-,456) is excluded, (-,789) is 789; match tokens do not link."""
    council = Feed([("123", None, None), ("123", "m", "456"), (None, "m", "456"), (None, "m", "789")], tied=True)
    found = as_rows(build_links(written(tmp_path, [council])))
    assert found == {
        ("person", "123"): (person_key("123"), "number"),
        ("match", "m"): (person_key("123"), "number"),
        ("local", "456"): (None, "excluded"),
        ("local", "789"): (person_key("789"), "local"),
    }


def test_two_numbers_of_one_local_id_link_nothing(tmp_path: Path) -> None:
    """Twins, or one reference given twice: what cannot be told apart is listed and not linked."""
    found = as_rows(build_links(written(tmp_path, [Feed([("1", "m", "x"), ("2", "m", "x"), (None, "m", "x")])])))
    assert found["match", "m"] == found["local", "x"] == (None, "ambiguous")
    assert set(found) == {("person", "1"), ("person", "2"), ("match", "m"), ("local", "x")}


def test_rows_without_consent_link_nothing(tmp_path: Path) -> None:
    """Drug-treatment rows without consent are counted and never linked; neither is a row that does not say."""
    feed = Feed([("1", None, "x"), (None, None, "y"), ("2", None, "z")], consents=["N", "N", "Y"])
    assert set(as_rows(build_links(written(tmp_path, [feed])))) == {("person", "2"), ("local", "z")}
    feed = Feed([("1", None, "x")], consents=[None])  # type: ignore[list-item]
    assert as_rows(build_links(written(tmp_path / "none", [feed]))) == {}


def test_a_collision_of_keys_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "_KEY_DIGITS", 1)
    assert build_links(written(tmp_path, [Feed([("1", "m", "x")])])).num_rows == 3
    # seventeen people and sixteen keys
    with pytest.raises(SystemFault, match="same key"):
        build_links(written(tmp_path, [Feed([(str(number), None, None) for number in range(17)])]))


# undone by hand -------------------------------------------------------------------------------------

MERGED = [Feed([("1", "m", None), (None, "m", "x"), (None, None, "x"), ("2", None, "y")])]


def test_a_merge_is_undone_where_it_was_made(tmp_path: Path) -> None:
    """GRW-08: decisions of linkage are stored and reversible. What followed the wrong token follows it still."""
    feeds = written(tmp_path, MERGED)
    before = as_rows(build_links(feeds))
    assert before["local", "x"] == (person_key("1"), "match")
    after = as_rows(build_links(feeds, [Override("m", "1")]))
    assert after["match", "m"] == (person_key("m"), "match")
    assert after["local", "x"] == (person_key("m"), "match")
    assert {name: value for name, value in after.items() if name[1] not in "mx"} == {
        name: value for name, value in before.items() if name[1] not in "mx"
    }
    assert as_rows(build_links(feeds, [Override("x", "m")])) == {**before, ("local", "x"): (person_key("x"), "local")}
    assert as_rows(build_links(feeds, [Override("x")]))["local", "x"] == (person_key("x"), "local")
    assert as_rows(build_links(feeds, [Override("x", "2"), Override("m", "y"), Override("gone")])) == before


def test_a_number_that_several_people_were_given_is_believed_nowhere(tmp_path: Path) -> None:
    feeds = written(tmp_path, [Feed([("9", "m", "x"), ("9", "n", "y"), (None, "m", None)])])
    assert set(as_rows(build_links(feeds))) == {("person", "9"), ("local", "x"), ("local", "y")} | {
        ("match", "m"),
        ("match", "n"),
    }
    after = as_rows(build_links(feeds, [Override("9")]))
    assert after["person", "9"] == (None, "excluded")
    assert after["match", "m"] == (person_key("m"), "match")
    assert after["local", "y"] == (person_key("n"), "match")


def test_a_number_is_never_set_apart_from_another_token(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        build_links(written(tmp_path, MERGED), [Override("1", "m")])


def token(number: int) -> str:
    return f"k1:{number:064x}"


def test_corrections_are_kept_with_reason_and_name(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create(demo=True, place="test")
    assert read_overrides(home) == []
    undo_link(home, token(1), "twins", "data lead", apart_from=token(2))
    undo_link(home, token(3), "placeholder", "data lead")
    undo_link(home, token(3), "placeholder", "data lead")
    path = home.vault / "identity" / "overrides.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(path.read_bytes())) == 2
    assert read_overrides(home) == [Override(token(1), token(2)), Override(token(3))]
    for wrong in ({"token": "9990000018"}, {"reason": " "}, {"by": ""}, {"apart_from": token(1)}):
        with pytest.raises(WrongUsage) as refusal:
            undo_link(home, **{"token": token(1), "reason": "r", "by": "b", **wrong})
        assert "9990000018" not in str(refusal.value)
    for content in ("{", "{}", '[{"token": "9990000018", "never_link": true, "reason": "", "by": ""}]', "[1]"):
        path.write_text(content)
        with pytest.raises(SystemFault) as fault:
            read_overrides(home)
        assert "9990000018" not in str(fault.value)


# kept -----------------------------------------------------------------------------------------------


def test_the_difference_is_about_tokens_that_were_there(tmp_path: Path) -> None:
    old = build_links(written(tmp_path / "a", MERGED))
    more = build_links(written(tmp_path / "b", [*MERGED, Feed([("3", "n", "z")])]))
    assert not links_diff(old, more)
    assert not links_diff(old, old)
    assert links_diff(more, old)
    assert links_diff(old, build_links(written(tmp_path / "c", MERGED), [Override("m", "1")]))
    assert links_diff(old, build_links(written(tmp_path / "d", [*MERGED, Feed([("2", "m", None)])])))
    council = [Feed([(None, None, "x")], tied=True)]
    assert links_diff(
        build_links(written(tmp_path / "e", council)),
        build_links(written(tmp_path / "f", [*council, Feed([("1", None, "x")], tied=True)])),
    )


@dataclass(frozen=True)
class FakeReceipt:
    feed: str
    lake_files: tuple[tuple[str, str], ...]
    organisation: str = "O1"


@dataclass(frozen=True)
class FakeIdentity:
    linkable: bool = True
    tokens: tuple[str, ...] = TOKENS
    local_id_rule: str = "link"
    link_when: tuple[()] | dict[str, str] = ()
    clear_justification: tuple[()] = ()


@dataclass(frozen=True)
class FakeContract:
    identity: FakeIdentity | None


def test_a_table_is_made_once_for_the_same_files_and_kept_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.create(demo=True, place="test")
    made = []
    monkeypatch.setattr(links_module, "build_links", lambda *parts: made.append(1) or build_links(*parts))
    files = written(home.lake, MERGED)[0].files
    receipts: Any = [
        FakeReceipt("f0", tuple((path.relative_to(home.lake).as_posix(), "hash") for path in files)),
        FakeReceipt("other", ()),
    ]
    contracts: Any = {"f0": FakeContract(FakeIdentity()), "other": FakeContract(None)}
    assert links_module.link_table_of(home, receipts[1:], contracts) is None
    name = links_module.link_table_of(home, receipts, contracts)
    assert name is not None
    assert links_module.link_table_of(home, receipts, contracts) == name
    assert made == [1]
    path = links_path(home, name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    table = read_links(home, name)
    assert table_hash(table) == name
    assert as_rows(table) == plain_reading(MERGED)
    undo = next(iter(row for row in table.to_pylist() if row["token_kind"] == "match"))["token"]
    monkeypatch.setattr(links_module, "read_overrides", lambda home: [Override(undo)])
    other = links_module.link_table_of(home, receipts, contracts)
    assert other not in (None, name)
    assert made == [1, 1]
    # a file lost from the vault is made again, a changed one is found out
    path.unlink()
    monkeypatch.setattr(links_module, "read_overrides", lambda home: [])
    assert links_module.link_table_of(home, receipts, contracts) == name
    path.chmod(0o600)
    path.write_bytes(links_path(home, str(other)).read_bytes())
    with pytest.raises(SystemFault, match="changed"):
        read_links(home, name)
    path.write_bytes(b"")
    with pytest.raises(SystemFault, match="cannot be read"):
        read_links(home, name)


# not made again -------------------------------------------------------------------------------------

FEW = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", None]),
        st.sampled_from(["m", "n", None, None]),
        st.sampled_from(["x", "y", None, None]),
    ),
    max_size=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FEW, FEW, FEW, st.booleans(), st.booleans())
def test_what_is_said_to_be_the_same_gives_the_same_table(
    tmp_path_factory: pytest.TempPathFactory, kept: list[Row], gone: list[Row], come: list[Row], tied: bool, other: bool
) -> None:
    folder = tmp_path_factory.mktemp("same")
    stay, went, came = (
        written(folder / name, [Feed(rows, tied=kind)])
        for name, rows, kind in (("kept", kept, other), ("gone", gone, tied), ("come", come, tied))
    )
    said = same_evidence(stay, went, came)
    same = build_links([*stay, *went]).equals(build_links([*stay, *came]))
    assert same or not said
    if set(gone) == set(come):
        assert said


def test_a_row_that_adds_nothing_changes_nothing(tmp_path: Path) -> None:
    """What the shortcut is for: one referral more or less of somebody the register knows."""
    register = written(tmp_path / "register", [Feed([("1", "m", None), ("2", "n", "x")])])
    few, more = (
        written(tmp_path / str(number), [Feed([("1", None, None), ("2", None, None)][:number])]) for number in (1, 2)
    )
    assert same_evidence(register, more, few)
    assert same_evidence(register, few, more)
    assert not same_evidence([], more, few)
    stranger = written(tmp_path / "stranger", [Feed([("1", None, None), ("3", None, None)])])
    assert not same_evidence(register, more, stranger)
    assert not same_evidence(register, more, written(tmp_path / "local", [Feed([("1", None, "y"), ("2", None, None)])]))


def test_a_correction_that_says_nothing_new_is_not_linked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.create(demo=True, place="test")
    made = []
    monkeypatch.setattr(links_module, "build_links", lambda *parts: made.append(1) or build_links(*parts))
    contracts: Any = {"register": FakeContract(FakeIdentity()), "referrals": FakeContract(FakeIdentity())}

    def receipts(name: str, rows: Sequence[Row]) -> Any:
        parts = {
            "register": written(home.lake / "register", [Feed([("1", "m", None), ("2", None, None)])]),
            "referrals": written(home.lake / name, [Feed(rows)]),
        }
        return [
            FakeReceipt(feed, tuple((path.relative_to(home.lake).as_posix(), name) for path in rows_of[0].files))
            for feed, rows_of in parts.items()
        ]

    first = links_module.link_table_of(home, receipts("first", [("1", None, None), ("2", None, None)]), contracts)
    assert links_module.link_table_of(home, receipts("second", [("1", None, None)]), contracts) == first
    assert made == [1]
    assert links_module.link_table_of(home, receipts("third", [("1", None, "x")]), contracts) != first
    assert made == [1, 1]
    # undone by hand since: the rules are others, and everything is linked anew
    monkeypatch.setattr(links_module, "read_overrides", lambda home: [Override("m")])
    assert links_module.link_table_of(home, receipts("fourth", [("1", None, None)]), contracts) != first
    assert made == [1, 1, 1]
