"""Thousands of spoilt files: what production reads is what a slow and obvious reader reads, or both refuse.

Every file is made from a seed, so that one that fails is made again by its number. 5,000 in CI, more by
OUTTURN_MUTATIONS. What decides about bytes, shape and cells is compared for every file; of one in fifty the whole
verdict, through the expectations.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import slow_reader
from containers import ALL, contract_taking, in_every_container
from deliveries import LEDGER, TRUST_B, csv_of, ledger_rows, manifest_of, trust_rows

from expectations.examine import examine
from foundation.canonical import readable_json, sha256_bytes
from foundation.errors import Refused
from ingest import receive
from ingest.conform import column_sums, conform, drop_exact_duplicates
from ingest.container import read_table
from ingest.contract import Contract, load_contracts
from ingest.manifest import Manifest, parse_manifest
from ingest.read import FileRejectedError
from ingest.rules import FILE, worst

COUNT = int(os.environ.get("OUTTURN_MUTATIONS", "5000"))
SEED = "outturn-1"
# files of one test: a failure then says which thousand, and xdist shares them
_AT_ONCE = 1_000
_WHOLE_VERDICT = 50
CONTRACTS = load_contracts()
Rows = list[list[str]]


@dataclass(frozen=True)
class Feed:
    """A good file of a feed, and what each reader is told of it."""

    contract: Contract
    organisation: str
    layout: str
    header: tuple[str, ...]
    rows: Rows
    table: slow_reader.Table


DAILY = Feed(
    CONTRACTS["daily_discharge_return"],
    "RFS",
    "trust_b",
    TRUST_B,
    trust_rows("RFS")[:9],
    slow_reader.Table(
        dict(zip(TRUST_B, ("text", "day", "count", "count", "count"), strict=True)), {"Organisation": 20}
    ),
)
MONEY = Feed(
    CONTRACTS["cost_ledger"],
    "acute-trust",
    "canonical",
    LEDGER,
    ledger_rows(),
    slow_reader.Table(
        dict(zip(LEDGER, ("text", "text", "text", "text", "text", "money", "free", "free", "free"), strict=True)),
        {
            "organisation": 60,
            "agreement": 80,
            "month": 7,
            "line": 80,
            "category": 40,
            "contract_reference": 200,
            "funding_source": 200,
            "vat_treatment": 200,
        },
        western=True,
    ),
)
NUMBERS = [
    "007",
    "+5",
    "5.",
    ".5",
    "1e3",
    "1,234",
    "£5",
    "(12)",
    "12.0",
    "12.50",
    "12.345",
    "-3",
    "-0",
    "0",
    "1_000",
    "0x1",
    "７５",
    "٣",
    "NaN",
    "inf",
    "1e400",
    "99999999999999999999",
    "1.2E+09",
    "0.30000000000000004",
    "2000.0200000000000000004",
    "9.43E+09",
    "#N/A",
    "#REF!",
    "#####",
    "NULL",
    "N/A",
    "-",
    ".",
    "5%",
    "true",
]
DATES = [
    "05/04/2025",
    "04/05/2025",
    "2025/04/05",
    "5-Apr-25",
    "2025-4-5",
    "20250405",
    "45752",
    "2025-04-31",
    "0000-00-00",
    "2031-04-05",
    "1900-01-01",
    "05.04.2025",
    "2025-04-05T00:00:00",
    "2025-04-05Z",
    "April",
    "5 April 2025",
    "2025-04-05 00:00:00",
    "April 5, 2025",
]
TEXTS = [
    "", " ", "\u00a0", "R\u200bFS", "R\u061cFS", "RFS\u2028", "\u3164", "Total", "grand total:", "=1+1", "'); drop--",
    "<script>", "a\tb", "\x07", "x" * 250, "x" * 1200, "Zoë", "ZoÃ«", "SE10 9NF", "943 476 5919", "a,b", 'a"b', "a\nb",
    "a\r\nb", "“x”", "🙂", "Organisation", "\ufeff",
]  # fmt: skip


def written(header: list[str], rows: Rows, rng: random.Random) -> bytes:
    sink = io.StringIO(newline="")
    style = {"lineterminator": rng.choice(["\n", "\n", "\r\n", "\r"])}
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(sink, quoting=quoting, **style)
    writer.writerow(header)
    writer.writerows(rows)
    return sink.getvalue().encode("utf-8", "surrogatepass")


def change_cell(header: list[str], rows: Rows, rng: random.Random) -> None:
    if rows:
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(rng.choice([NUMBERS, DATES, TEXTS]))


def change_row(header: list[str], rows: Rows, rng: random.Random) -> None:
    if not rows:
        return
    kind, place, other = rng.randrange(7), rng.randrange(len(rows)), rng.randrange(len(rows))
    if kind == 0:
        del rows[place]
    elif kind == 1:
        rows.insert(other, list(rows[place]))
    elif kind == 2:
        rows[place], rows[other] = rows[other], rows[place]
    elif kind == 3:
        rows.insert(place, list(header))
    elif kind == 4:
        rows.append(["Total", *["" for _ in header[2:]], "123"])
    elif kind == 5:
        rows[place].insert(rng.randrange(len(rows[place]) + 1), rng.choice(["", "x"]))
    else:
        rows[place].pop(rng.randrange(len(rows[place])))


def change_column(header: list[str], rows: Rows, rng: random.Random) -> None:
    kind, place, other = rng.randrange(4), rng.randrange(len(header)), rng.randrange(len(header))
    everything = [header, *rows]
    if any(len(row) != len(header) for row in rows):
        return
    for row in everything:
        if kind == 0:
            del row[place]
        elif kind == 1:
            row.insert(other, row[place])
        elif kind == 2:
            row[place], row[other] = row[other], row[place]
        else:
            name = "NHS Number" if len(rows) % 2 else "ward"
            row.insert(other, name if row is header else rng.choice(["", "medical", "SE10 9NF"]))


def change_header(header: list[str], rows: Rows, rng: random.Random) -> None:
    place = rng.randrange(len(header))
    change: Callable[[str], str] = rng.choice(
        [
            str.upper, str.title, lambda name: f"  {name}\t", lambda name: name.replace(" ", "_"), lambda name: name[:-1],
            lambda name: name.replace("a", "á"), lambda _: "", lambda name: f"{name}\u00a0", lambda name: f"{name}\u200b",
            lambda _: "x" * 1001,
        ]
    )  # fmt: skip
    header[place] = change(header[place])


def change_bytes(data: bytes, rng: random.Random) -> bytes:
    kind, place = rng.randrange(12), rng.randrange(len(data) + 1)
    spot = bytearray(data)
    if kind == 0 and data:
        spot[min(place, len(data) - 1)] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del spot[place:]
    elif kind == 2:
        del spot[place : place + rng.randrange(1, 40)]
    elif kind == 3:
        spot[place:place] = rng.choice(
            [b'"', b",", b"\n", b"\r", b"\r\n", b"\n\n", b";", b"\t", b"\x00", b"\xe9", b"\xff"]
        )
    elif kind == 4:
        return data.replace(b",", rng.choice([b";", b"\t", b"|", b",,"]))
    elif kind == 5:
        return data.replace(b"\n", rng.choice([b"\r", b"\r\n", b"\n\n", b"\n\r"]), rng.choice([-1, 1]))
    elif kind == 6:
        return (
            rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"%PDF", b"PK\x03\x04", b"\n <!DOCTYPE html>", b" "])
            + data
        )
    elif kind == 7:
        text = data.decode("utf-8", "replace")
        encoding = rng.choice(["utf-16", "utf-16-le", "cp1252", "latin-1", "utf-32"])
        return text.encode(encoding, "replace")
    elif kind == 8:
        return data.replace(b'"', b"", 1) if b'"' in data else data.replace(b",", b',"', 1)
    elif kind == 9:
        return rng.choice([b"Discharges,,,,\n", b"\n", b",,,,\n", b"# a title\n"]) + data
    elif kind == 10:
        return data + rng.choice([b"\n", b"\n\n", b",", b"x", b'"', b"\x1a", data, b"Total,,1,2,3\n"])
    else:
        return data.rstrip(b"\r\n")
    return bytes(spot)


def spoilt(feed: Feed, rng: random.Random) -> bytes:
    """The file of a feed after one to three changes."""
    header, rows = list(feed.header), [list(row) for row in feed.rows]
    changes = rng.choices(
        [change_cell, change_row, change_column, change_header, None], [5, 3, 2, 2, 2], k=rng.randint(1, 2)
    )
    for change in changes:
        if change is not None:
            change(header, rows, rng)
    data = written(header, rows, rng)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        data = change_bytes(data, rng)
    return data


def by_the_book(feed: Feed, data: bytes) -> list[tuple[object, ...] | None] | None:
    try:
        return slow_reader.read(data, feed.table)
    except slow_reader.RefusedError:
        return None


def by_production(feed: Feed, data: bytes) -> list[tuple[object, ...] | None] | None:
    """The same from the product: None when it refuses the file, else a tuple, or None, a row."""
    try:
        raw = read_table(data, "x.csv", feed.contract, feed.layout)
        made = conform(raw, feed.contract)
    except FileRejectedError:
        return None
    faults = {item.row for item in made.faults}
    assert made.table.num_rows + len(faults) == made.rows_read
    kept, twice = drop_exact_duplicates(made.table, feed.contract.key)
    assert kept.num_rows + len(twice) + len(faults) == made.rows_read
    layout = feed.contract.custom.layouts[feed.layout]
    sent = {name: place for place, name in feed.contract.layout_names(layout).items()}
    columns = ["row_number", *(sent[name] for name in feed.header)]
    rows: list[tuple[object, ...] | None] = [None] * made.rows_read
    for number, *values in zip(*(made.table.column(name).to_pylist() for name in columns), strict=True):
        assert number not in faults
        rows[number - 1] = tuple(values)
    return rows


def made(number: int) -> tuple[Feed, bytes]:
    rng = random.Random(f"{SEED} {number}")
    feed = rng.choice([DAILY, MONEY])
    return feed, spoilt(feed, rng)


def parts() -> list[range]:
    return [range(start, min(start + _AT_ONCE, COUNT)) for start in range(0, COUNT, _AT_ONCE)]


@pytest.mark.parametrize("numbers", parts(), ids=lambda part: f"{part.start}-{part.stop - 1}")
def test_a_spoilt_file_is_read_as_an_obvious_reader_reads_it(numbers: range) -> None:
    outcomes: Counter[str] = Counter()
    for number in numbers:
        feed, data = made(number)
        wanted, found = by_the_book(feed, data), by_production(feed, data)
        assert found == wanted, (number, feed.contract.feed, data)
        outcomes["refused" if wanted is None else "held back" if None in wanted else "read"] += 1
    # the mutations are worth something: all three happen, and often
    assert all(outcomes[outcome] * 20 > len(numbers) for outcome in ("refused", "held back", "read")), outcomes


# the whole verdict ------------------------------------------------------------------------------------------


def row_is_right(feed: Feed, values: tuple[object, ...]) -> bool:
    """The row rules of the two contracts, as a reader of the page would apply them."""
    if feed is DAILY:
        organisation, day, early, late, total = values
        counts = [value for value in (early, late, total) if isinstance(value, int)]
        adds_up = len(counts) < 3 or counts[0] + counts[1] == counts[2]
        in_month = isinstance(day, date) and (day.year, day.month) == (2025, 4)
        return organisation == "RFS" and in_month and adds_up and all(0 <= value <= 5000 for value in counts)
    organisation, agreement, month, line, category, amount, *words = values
    named = [slow_match("[a-z][a-z0-9-]*", agreement), slow_match("[A-Za-z0-9][A-Za-z0-9._-]*", line)]
    paid = isinstance(amount, Decimal) and 0 <= amount <= 9_999_999_999
    known = category in ("reimbursable_cost", "fee")
    texts = [text for text in (agreement, line, *words) if isinstance(text, str)]
    if any(slow_reader.names_somebody(text) for text in texts):
        return False
    return organisation == "acute-trust" and month == "2025-04" and all(named) and known and paid and None not in words


def slow_match(pattern: str, value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


@pytest.mark.parametrize("feed", [DAILY, MONEY], ids=["daily", "money"])
def test_the_whole_verdict_counts_every_row_and_lets_no_wrong_one_through(feed: Feed, tmp_path: Path) -> None:
    verdicts: Counter[str] = Counter()
    for number in range(COUNT // _WHOLE_VERDICT // 2):
        rng = random.Random(f"{SEED} whole {feed.contract.feed} {number}")
        data = spoilt(feed, rng)
        wanted = by_the_book(feed, data)
        amounts = [
            values[5] for values in wanted or () if values is not None and isinstance(values[5 % len(values)], Decimal)
        ]
        manifest = parse_manifest(
            readable_json(
                manifest_of(
                    feed.contract.feed,
                    feed.organisation,
                    "2025-04-01",
                    "2025-04-30",
                    data,
                    len(wanted or ()),
                    control_totals={"amount": str(sum(amounts, Decimal("0.00")))} if feed is MONEY else {},
                )
            )
        )
        held = receive.Held(data, len(data), sha256_bytes(data), False)
        result = examine(held, manifest.file, feed.contract, manifest)
        assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_deduplicated
        verdicts[result.outcome] += 1
        if result.accepted is None:
            continue
        assert wanted is not None, (number, data)
        right = {values for values in wanted if values is not None and row_is_right(feed, values)}
        layout = feed.contract.custom.layouts[feed.layout]
        sent = {name: column for column, name in feed.contract.layout_names(layout).items()}
        columns = [result.accepted.column(sent[name]).to_pylist() for name in feed.header]
        got = list(zip(*columns, strict=True))
        assert len(got) == len(set(got)) == result.rows_accepted
        assert set(got) == right, (number, data)
        assert result.rows_read == len(wanted)
    assert verdicts["reject_file"] and verdicts["reject_record"] and len(verdicts) >= 3, verdicts


# manifests --------------------------------------------------------------------------------------------------


def edited(told: dict[str, object], rng: random.Random) -> bytes:
    """A manifest after one change to its values, or to its bytes."""
    if rng.random() < 0.4:
        return change_bytes(readable_json(told), rng)
    key = rng.choice(list(told))
    other = [
        None,
        "",
        0,
        -1,
        10**9,
        "x",
        "../x.csv",
        "2025-04",
        [],
        {},
        True,
        1.5,
        "RTG",
        "0" * 64,
        str(told[key]).upper(),
    ]
    if key == "covers":
        other += [
            {"from": "2025-04-01", "to": "2025-05-31"},
            {"from": "2025-05-01", "to": "2025-05-31"},
            {"from": "2025-04-01"},
        ]
    if key == "control_totals":
        other += [{"amount": "1.00"}, {"amount": "1e3"}, {"line": "1"}, {"amount": 15000.15}]
    content = {**told, key: rng.choice(other)}
    if rng.random() < 0.2:
        content = {name: value for name, value in told.items() if name != key}
    if rng.random() < 0.1:
        content["note"] = "x"
    return json.dumps(content).encode()


def without_totals(manifest: Manifest) -> Manifest:
    """All a manifest says but its totals; of its file's name not the letter case, which does not matter."""
    return manifest.model_copy(update={"control_totals": {}, "file": manifest.file.casefold()})


def test_a_manifest_that_was_edited_lets_nothing_through() -> None:
    """Either it still says the same, or the delivery is refused."""
    data = csv_of(LEDGER, MONEY.rows)
    told = manifest_of(
        "cost_ledger", "acute-trust", "2025-04-01", "2025-04-30", data, 5, control_totals={"amount": "15000.15"}
    )
    true = parse_manifest(readable_json(told))
    held = receive.Held(data, len(data), sha256_bytes(data), False)
    conformed = conform(read_table(data, true.file, MONEY.contract, "canonical"), MONEY.contract)
    sums = column_sums(conformed.table, {"amount": MONEY.contract.by_name["amount"]})
    same = 0
    for number in range(COUNT):
        try:
            manifest = parse_manifest(edited(told, random.Random(f"{SEED} manifest {number}")))
        except Refused:
            continue
        if without_totals(manifest) == without_totals(true):
            if manifest.totals() == true.totals():
                same += 1
                continue
            found = receive.check_manifest(manifest, MONEY.contract)
            assert worst(found) == FILE or manifest.totals() != sums, number
            continue
        findings = [
            *receive.check_name(manifest, true.file, landed=True),
            *receive.check_manifest(manifest, MONEY.contract),
            *receive.check_bytes(held, manifest, MONEY.contract),
        ]
        assert worst(findings) == FILE or manifest.rows != conformed.rows_read, number
    assert 0 < same < COUNT // 3


# containers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind != "csv"])
def test_a_spoilt_container_is_refused_or_whole(kind: str) -> None:
    """Bytes changed inside an archive or a workbook are noticed. Parquet has no checksum of its own: there the manifest
    has one, and here nothing may happen but a refusal or a table."""
    contract = contract_taking("daily_discharge_return")
    ending, data = in_every_container(csv_of(TRUST_B, DAILY.rows))[kind]
    whole = read_table(data, f"x{ending}", contract, "trust_b")
    outcomes: Counter[str] = Counter()
    for number in range(COUNT // 20):
        rng = random.Random(f"{SEED} {kind} {number}")
        spot = bytearray(data)
        for _ in range(rng.choice([1, 1, 3])):
            place = rng.randrange(len(spot))
            if rng.random() < 0.8:
                spot[place] ^= 1 << rng.randrange(8)
            else:
                del spot[place : place + rng.randrange(1, 60)]
        try:
            table = read_table(bytes(spot), f"x{ending}", contract, "trust_b")
        except FileRejectedError:
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        if kind != "parquet":
            assert [row.cells for row in table.rows] == [row.cells for row in whole.rows], number
    assert outcomes["refused"] > COUNT // 40
