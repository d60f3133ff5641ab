"""A file judged part by part is judged as the same file in memory: findings, quarantine, receipt, lake, byte by byte.

Small files and tiny parts stand for large ones: every limit that makes a file large is patched.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from containers import contract_taking
from deliveries import LEDGER, csv_of, ledger_rows, manifest_of, monthly
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_feeds import ANN, KEY, clear_row, contract_of, send
from people_deliveries import COVERS, MAKERS, file_of, first_sender
from test_intake_mutations import MONEY, Feed, made

import expectations.examine as examining
from expectations import in_one_pass
from expectations.examine import Examination, examine
from expectations.intake import take_in
from expectations.suites import suite_of
from foundation import tables
from foundation.canonical import sha256_bytes
from foundation.home import Home
from foundation.tokens import TOKEN
from ingest import lake, quarantine, receive, spill, stream
from ingest.contract import Contract, load_contracts
from ingest.identity.keyring import Keyring, passing_keyring
from ingest.identity.rights import Rights
from ingest.manifest import Manifest, parse_manifest
from ingest.read import FileRejectedError
from ingest.rules import in_order

COUNT = int(os.environ.get("OUTTURN_MUTATIONS", "5000"))
CONTRACTS = load_contracts()
_AT_ONCE = 1_000
# files of a feed whose rows are spoilt
ROUNDS = 4


@dataclass
class Paths:
    """How often a file was read by parts to its end."""

    by_parts: int = 0


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Paths:
    """Everything is large, and every part is small."""
    paths, read = Paths(), examining.read_parts

    def counted(*arguments: Any) -> Any:
        rows = read(*arguments)
        paths.by_parts += 1
        return rows

    monkeypatch.setattr(examining, "read_parts", counted)
    patch_sizes(monkeypatch, 100)
    return paths


def patch_sizes(monkeypatch: pytest.MonkeyPatch, part: int, rows: int = 3) -> None:
    monkeypatch.setattr(receive, "LARGE", 0)
    monkeypatch.setattr(stream, "PART_BYTES", part)
    monkeypatch.setattr(spill, "BATCH_ROWS", rows)
    monkeypatch.setattr(spill, "GROUP_ROWS", rows)
    monkeypatch.setattr(spill, "BUCKETS", 3)
    monkeypatch.setattr(tables, "ROW_GROUP", 4)


def held_of(data: bytes) -> receive.Held:
    return receive.Held(data, len(data), sha256_bytes(data), False)


def told(result: Examination, contract: Contract) -> dict[str, Any]:
    """Everything that is said of a file, in the form in which it reaches the disk."""
    return {
        "outcome": result.outcome,
        "findings": in_order(result.findings),
        "all findings": Counter(result.findings),
        "counts": (result.rows_read, result.rows_accepted, result.rows_quarantined, result.rows_deduplicated),
        "quarantine": quarantine.record_of("x", result.findings, result.outcome == "reject_file"),
        "statistics": dict(result.statistics),
        "profile": dict(result.profile),
        "layout": result.layout,
        "set aside": dict(result.set_aside),
        "lake": None if result.accepted is None else lake.part_hashes(result.accepted, contract),
        "rows": None if result.accepted is None else spill.whole(result.accepted).to_pylist(),
    }


def whole(monkeypatch: pytest.MonkeyPatch, *arguments: Any, **named: Any) -> Examination:
    with monkeypatch.context() as patch:
        patch.setattr(receive, "LARGE", 1 << 40)
        return examine(*arguments, **named)


def manifest_for(feed: Feed, data: bytes, rows: int) -> Manifest:
    content = monthly(
        feed.contract.feed,
        feed.organisation,
        "2025-04",
        data,
        rows,
        control_totals={"amount": "15000.15"} if feed is MONEY else {},
    )
    return parse_manifest(json.dumps(content).encode())


def lines_in(data: bytes) -> int:
    return max(len(data.splitlines()) - 1, 0)


@pytest.mark.parametrize("start", range(0, COUNT, _AT_ONCE))
def test_a_spoilt_file_is_read_alike_by_parts_and_whole(
    start: int, tiny: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, faults and sums of every file; what Great Expectations adds is compared below, for fewer."""
    for number in range(start, min(start + _AT_ONCE, COUNT)):
        feed, data = made(number)
        if not data:
            continue
        manifest = manifest_for(feed, data, lines_in(data))
        # as far as the rows: expectations take most of the time
        wanted, found = (_rows_of(feed, data, manifest, size, monkeypatch) for size in (1 << 40, 0))
        assert found == wanted, (number, data)
    assert tiny.by_parts * 8 > min(COUNT, _AT_ONCE)


def _rows_of(feed: Feed, data: bytes, manifest: Manifest, large: int, monkeypatch: pytest.MonkeyPatch) -> Any:

    with monkeypatch.context() as patch:
        patch.setattr(receive, "LARGE", large)
        try:
            rows = examining._rows_of(
                held_of(data),
                manifest.file,
                feed.contract,
                manifest,
                passing_keyring(),
                suite_of(feed.contract),
                None,
                None,
            )
        except FileRejectedError as rejected:
            return rejected.found, rejected.notes
    dropped = rows.without_repeats({})
    accepted = rows.accept(set())
    return (
        (rows.layout, rows.count, rows.readable, rows.num_rows, dropped),
        (tuple(rows.findings), tuple(rows.faults), dict(rows.unreadable), rows.sums(manifest.totals())),
        lake.part_hashes(accepted, feed.contract),
        spill.whole(accepted).to_pylist(),
    )


def test_the_whole_verdict_on_spoilt_files_is_alike(tiny: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: Counter[str] = Counter()
    for number in range(0, max(COUNT, 1000), 50):
        feed, data = made(number)
        manifest = manifest_for(feed, data, lines_in(data))
        arguments = (held_of(data), manifest.file, feed.contract, manifest)
        found, wanted = examine(*arguments), whole(monkeypatch, *arguments)
        assert told(found, feed.contract) == told(wanted, feed.contract), (number, data)
        outcomes[found.outcome] += 1
    assert len(outcomes) >= 3, outcomes
    assert tiny.by_parts * 12 > max(COUNT, 1000) // 50


# files that are plain and wrong in their rows -------------------------------------------------------------------------


def drawn(contract: Contract, organisation: str, rng: random.Random) -> list[dict[str, str]]:
    """Rows of a good file, many times and spoilt here and there: repeated, in conflict, blank, out of place."""
    models = MAKERS[contract.feed](organisation)
    rows = []
    for number in range(rng.randrange(1, 40)):
        row = dict(rng.choice(models))
        for name in contract.key:
            # most keys are their row's own, some come again and again
            if name.endswith("_id"):
                row[name] = f"X{number if rng.random() < 0.7 else rng.randrange(5)}"
        rows.append(row)
    for row in rows:
        if rng.random() < 0.2:
            name = rng.choice(list(row))
            row[name] = rng.choice(["", "", "zz", "9", "2024-05-17", "2031-01-01", "SE10 9NF", rng.choice(rows)[name]])
    for _ in range(rng.randrange(3)):
        rows.insert(rng.randrange(len(rows) + 1), dict(rng.choice(rows)))
    return rows


@pytest.mark.parametrize("feed", MAKERS)
def test_rows_that_are_wrong_are_told_alike(feed: str, tiny: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, seen = CONTRACTS[feed], Counter[str]()
    organisation = first_sender(contract)
    for number in range(ROUNDS):
        rng = random.Random(f"{feed} {number}")
        rows = drawn(contract, organisation, rng)
        data = file_of(contract, organisation, rows)
        first, last = COVERS[feed]
        told_of = manifest_of(feed, organisation, first, last, data, len(rows))
        manifest = parse_manifest(json.dumps(told_of).encode())
        tokens = [row[name] for row in rows for name in row if name.endswith("_token") and TOKEN.fullmatch(row[name])]
        rights = Rights(
            frozenset(rng.sample(tokens, min(len(tokens), rng.randrange(3)))),
            frozenset(rng.sample(tokens, min(len(tokens), rng.randrange(2)))),
            frozenset(),
            0,
            None,
            blanked=frozenset({1, 1000} if rng.random() < 0.2 else ()),
        )
        # without a manifest the file itself has to say which month it is about
        arguments = (held_of(data), "x.csv", contract, manifest if rng.random() < 0.8 else None)
        named = {"rights": rights, "keyring": Keyring(lambda: KEY, True)}
        wanted = told(whole(monkeypatch, *arguments, **named), contract)
        with monkeypatch.context() as patch:
            patch_sizes(patch, rng.choice([1, 200, 1000, 1 << 20]), rng.choice([9, 1000]))
            # both ways of asking: through Great Expectations, and in one pass with a sample
            patch.setattr(in_one_pass, "MANY_ROWS", rng.choice([0, 20_000]))
            found = told(examine(*arguments, **named), contract)
        # groups of rows are tiny in one of them only: the lake's bytes are compared with the same groups
        assert {**found, "lake": None} == {**wanted, "lake": None}, (feed, number)
        assert found["lake"] == wanted["lake"], (feed, number)
        seen[found["outcome"]] += 1
        seen["conflict"] += any(item.rule == "table.key_conflict" for item in found["findings"])
        seen["repeated"] += found["counts"][3]
    assert tiny.by_parts * 4 > ROUNDS, (tiny, seen)


def test_the_rows_drawn_are_worth_comparing() -> None:
    """Over all feeds, what only the file as a whole shows does happen: repetitions, conflicts, shares, rights."""
    rules: Counter[str] = Counter()
    for feed in ("pcn_register", "treatment_episodes", "community_referrals"):
        contract = CONTRACTS[feed]
        organisation = first_sender(contract)
        for number in range(20):
            rows = drawn(contract, organisation, random.Random(f"{feed} {number}"))
            data = file_of(contract, organisation, rows)
            told_of = manifest_of(feed, organisation, *COVERS[feed], data, len(rows))
            result = examine(held_of(data), "x.csv", contract, parse_manifest(json.dumps(told_of).encode()))
            rules.update({item.rule for item in result.findings})
    wanted = {"row.duplicate", "table.key_conflict", "analysis.person_conflict", "row.required", "row.outside_window"}
    assert wanted <= set(rules), rules


@pytest.mark.parametrize("other_feed", [False, True])
def test_what_refers_to_nothing_is_held_back_alike(
    other_feed: bool, tiny: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = {"id": "parent", "column": "funding_source", "to": "line", "description": "a line of the file"}
    if other_feed:
        reference["feed"] = "cost_ledger"
    contract, orphans = contract_taking("cost_ledger", references=[reference]), 0
    for number in range(ROUNDS):
        rng = random.Random(f"references {number}")
        rows = [[*row[:7], rng.choice(["", "line-1", "line-3", "line-9"]), row[8]] for row in ledger_rows()]
        if rng.random() < 0.3:
            rows[rng.randrange(5)][5] = "£5"
        data = csv_of(LEDGER, rows)
        manifest = manifest_for(MONEY, data, len(rows))
        arguments = (held_of(data), manifest.file, contract, manifest)
        named = {"held_values": lambda *_: {"line-1", "line-9"}}
        wanted = told(whole(monkeypatch, *arguments, **named), contract)
        assert told(examine(*arguments, **named), contract) == wanted, number
        orphans += any(item.rule == "row.reference" for item in wanted["findings"])
    assert tiny.by_parts == ROUNDS and orphans * 3 > ROUNDS


# from landing to lake ---------------------------------------------------------------------------------------------


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sent_in_clear(rows: int) -> list[dict[str, str]]:
    """People in clear, each with a surname of their own, some twice and one with a postcode in the wrong place."""
    made_of = [{**ANN, "surname": f"Quarrington{number}", "local_id": f"client-{number % 7}"} for number in range(rows)]
    found = [clear_row(number, someone) for number, someone in enumerate(made_of)]
    return [*found, dict(found[0]), {**found[1], "visit_id": "SE10 9NF"}]


def test_a_home_holds_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Paths) -> None:
    """Receipt, quarantine, raw file and lake; what lies on disk meanwhile is for its owner alone and names nobody."""
    contract = contract_of("visits")
    written_down, finish = [], spill.Spill.finish

    def looked_at(self: spill.Spill) -> None:
        finish(self)
        folder = self._path
        assert folder.parent == homes["parts"].submissions and folder.stat().st_mode & 0o077 == 0
        written_down.append(tree(folder))

    monkeypatch.setattr(spill.Spill, "finish", looked_at)
    homes = {}
    for name, large in (("whole", 1 << 40), ("parts", 0)):
        monkeypatch.setattr(receive, "LARGE", large)
        homes[name] = Home(tmp_path / name)
        homes[name].create(demo=True, place="test")
        receipt = take_in(homes[name], send(homes[name], "visits", sent_in_clear(60), "CLR"), {"visits": contract})
        assert (receipt.accepted, receipt.rows_deduplicated, receipt.rows_quarantined) == (True, 1, 1)
    assert tree(homes["parts"].vault) == tree(homes["whole"].vault)
    assert tree(homes["parts"].lake) == tree(homes["whole"].lake)
    (files,) = written_down
    assert files and not any(
        word in data for data in files.values() for word in (b"Quarrington", b"9990000018", b"SE10")
    )
    # what the rows on disk hold instead
    assert any(b"k1:" in data for data in files.values())
    assert tiny.by_parts == 1


def test_a_file_that_changes_after_it_was_received_is_refused(tmp_path: Path, tiny: Paths) -> None:
    path = tmp_path / "x.csv"
    data = csv_of(LEDGER, ledger_rows())
    path.write_bytes(data)
    held = receive.hold(path, 10_000, by_parts=True)
    assert held.data is None and held.is_kept
    manifest = manifest_for(MONEY, data, 5)
    assert examine(held, manifest.file, MONEY.contract, manifest).outcome == "accept"
    path.write_bytes(data.replace(b"1000.01", b"1000.02"))
    result = examine(held, manifest.file, MONEY.contract, manifest)
    assert {item.rule for item in result.findings} == {"delivery.changed_while_read"}
    assert (result.accepted, result.outcome) == (None, "reject_file")


@pytest.mark.parametrize("spoil", [lambda data: data.replace(b"line-1", b'"line-1"'), lambda data: data + b"x\n"])
def test_a_file_too_large_to_be_held_is_refused_unless_it_is_plain(
    spoil: Any, tiny: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "MOST_WHOLE", 10)
    monkeypatch.setattr(examining, "read_whole", None)
    good = csv_of(LEDGER, ledger_rows())
    for data, rules in ((good, set()), (spoil(good), {"delivery.too_large"})):
        manifest = manifest_for(MONEY, data, 5)
        result = examine(held_of(data), manifest.file, MONEY.contract, manifest)
        assert {item.rule for item in result.findings} == rules
        assert (result.outcome == "reject_file") == bool(rules)


# the pieces -------------------------------------------------------------------------------------------------------


@given(rows=st.integers(1, 40), cuts=st.lists(st.integers(0, 40), max_size=5), group=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_where_tables_are_cut_leaves_no_trace_in_parquet(rows: int, cuts: list[int], group: int) -> None:
    table = pa.table({"a": pa.array(range(rows)), "b": pa.array([f"t{n % 3}" if n % 4 else None for n in range(rows)])})
    places = [0, *sorted(min(place, rows) for place in cuts), rows]
    parts = [table.slice(start, end - start) for start, end in itertools.pairwise(places)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ROW_GROUP", group)
        data = tables.parquet_bytes(table)
        assert b"".join(tables.parquet_pieces(table.schema, parts)) == data
        sink = io.BytesIO()
        pq.write_table(
            table, sink, compression="zstd", version="2.6", store_schema=False, write_statistics=True,
            row_group_size=group,
        )  # fmt: skip
    assert data == sink.getvalue()
    assert pq.read_table(io.BytesIO(data)).to_pydict() == table.to_pydict()


_VALUES = st.sampled_from([None, "", "a", "aa", "ab", "ba", "é", "\x00", "x" * 70])


@given(st.lists(st.tuples(_VALUES, _VALUES), max_size=30))
@settings(deadline=None)
def test_equal_keys_have_equal_hashes(rows: list[tuple[str | None, str | None]]) -> None:
    table = pa.table({name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate("ab")})
    made_of = dict(zip(rows, spill.hashes(table, ("a", "b")).tolist(), strict=True))
    assert [made_of[row] for row in rows] == spill.hashes(table, ("a", "b")).tolist()
    # of so few, none share one: otherwise every row would be looked at twice
    assert len(set(made_of.values())) == len(made_of)


@given(st.lists(st.sampled_from([b"a", b"bb", b"c" * 9, b"\n"]), max_size=30), st.integers(1, 12), st.integers(1, 7))
def test_a_file_is_cut_at_its_lines(words: list[bytes], size: int, block: int) -> None:
    data = b"".join(words)
    parts = list(stream.cut((data[start : start + block] for start in range(0, len(data), block)), size))
    assert b"".join(parts) == data
    assert all(part.endswith(b"\n") for part in parts[:-1])
