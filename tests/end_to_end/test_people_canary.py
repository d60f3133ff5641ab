"""A canary in every feed: outside the vault nothing of her is found, whether all goes well or breaks in the middle.

She is a person no place has drawn. Her number, names, date of birth, postcode and reference are sent where a contract
allows it, and where none does; then everything the product wrote or said is searched for them (`canary.traces`).
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import json
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import traceback
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import msgpack
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from canary import (
    BORN,
    FORENAME,
    IDENTIFIERS,
    NUMBER,
    POSTCODE,
    SURNAME,
    Row,
    csv_of,
    file_of,
    good_row,
    her_row,
    next_sequence,
    record_column,
    rows_of,
    scan,
    traces,
)
from canary_faults import VARIABLE, faulty, her_tokens
from demo_home import outturn

from expectations.intake import take_in
from foundation.durable import write_bytes
from foundation.home import Home
from ingest.contract import CONTRACTS as CONTRACTS_FOLDER
from ingest.contract import DATE_FORMATS, Contract, load_contracts
from ingest.identity.keyring import demo_key, write_source_key
from ingest.manifest import SUFFIX
from ingest.register import Receipt
from ingest.rules import FILE, RECORD
from ingest.sample import sample_of
from places import find_place
from places.base import Submission

RESIDENTS = 400
CONTRACTS = load_contracts()
PERSON_FEEDS = sorted(feed for feed, contract in CONTRACTS.items() if contract.identity is not None)
CLEAR_FEEDS = sorted(feed for feed in PERSON_FEEDS if "clear" in CONTRACTS[feed].custom.layouts)
SPELLINGS = (
    NUMBER,
    f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}",
    f"{NUMBER[:3]}-{NUMBER[3:6]}-{NUMBER[6:]}",
    SURNAME,
    SURNAME.upper(),
    f"{FORENAME} {SURNAME}",
    POSTCODE,
    POSTCODE.replace(" ", ""),
    POSTCODE.lower(),
)


@cache
def last_sent() -> Mapping[str, Submission]:
    """The last file of each feed: of Greenwich, of Derbyshire where Greenwich has none, a sample where neither has."""
    found: dict[str, Submission] = {}
    for item in (*find_place("derbyshire").submissions(), *find_place("greenwich", RESIDENTS).submissions()):
        if item.rows:
            found[item.feed] = item
    for feed in set(CONTRACTS) - set(found):
        found[feed] = sample_submission(CONTRACTS[feed])
    return found


def sample_submission(contract: Contract) -> Submission:
    """What a sender's sample is as a delivery."""
    sample = sample_of(contract, next(iter(contract.custom.senders)))
    told = sample.manifest()
    return Submission(
        told.feed,
        told.organisation,
        told.covers.start,
        told.covers.end,
        told.sequence,
        sample.file(),
        told.rows,
        tuple(told.control_totals.items()),
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create(demo=True, place="greenwich", residents=RESIDENTS)
    return made


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], bytes]:
    """What was printed or logged since the test began."""
    caplog.set_level(logging.DEBUG)

    def read() -> bytes:
        out, err = capfd.readouterr()
        return f"{out}\n{err}\n{caplog.text}".encode()

    return read


def messages(receipt: Receipt, home: Home) -> bytes:
    """Everything intake tells about a submission: findings, statistics, the record of what was held back."""
    told = {**receipt.as_json(), "file_name": ""}
    record = home.quarantine / receipt.submission_id / "rows.json"
    return json.dumps(told, default=str).encode() + (record.read_bytes() if record.exists() else b"")


def nothing_outside(home: Home, *more: bytes) -> None:
    assert scan(home.root, leave_out=[home.vault]) == []
    for text in more:
        assert traces(text) == [], text.decode(errors="replace")[-3000:]


def deliver(home: Home, item: Submission, **manifest: Any) -> Path:
    """Put a submission into its mailbox, with other words in its manifest if so wished."""
    path = item.write(home.landing)
    if manifest:
        path.write_text(json.dumps({**json.loads(path.read_text()), **manifest}))
    return path


# values that are hers, where they do not belong ---------------------------------------------------------------------

# Words in a feed about no person, which nobody can tell from a name: codes without a list, and prose.
UNTOLD = {
    *(
        (name, value)
        for name in ("contract_reference", "funding_source", "vat_treatment", "quality_service", "service_name")
        for value in (SURNAME, SURNAME.upper(), f"{FORENAME} {SURNAME}")
    ),
    ("line", SURNAME),
    ("line", SURNAME.upper()),
    ("ind_code", SURNAME.upper()),
}
NAMES = {"surname", "forename"}

# a column that tells rows apart, where the last of the key does not
UNIQUE = {
    "pcn_achievement": ("ind_code", "CNY{:04d}"),
    "reference_practices": ("practice_code", "Y9{:04d}"),
    "reference_areas": ("lsoa_code", "E0199{:04d}"),
    "populations": ("area_code", "E0199{:04d}"),
    "reference_organisations": ("member_organisation", "ZY{:04d}"),
    "cost_ledger": ("line", "line-{:04d}"),
}


def spoilt(feed: str) -> tuple[Submission, list[tuple[str, str]]]:
    """A file with one good row, and then a row for each of her values in each column; what stands where."""
    item, contract = last_sent()[feed], CONTRACTS[feed]
    layout, start = rows_of(item, contract)[0], good_row(item, contract)
    column, pattern = UNIQUE.get(feed, (record_column(contract), "CNY{:07d}"))
    days = contract.by_name[contract.key[-1]].kind == "date" and feed not in UNIQUE
    where = [
        (name, value)
        for name in contract.layout_names(layout)
        if name not in contract.custom.identifyingColumns
        for value in SPELLINGS
        # what can be read as a figure of that column may be one
        if not (contract.by_name[name].kind in ("integer", "number") and value == NUMBER)
    ]
    rows = [start]
    hers = {**IDENTIFIERS, "date_of_birth": BORN.strftime(DATE_FORMATS[layout.dateFormat])}
    for number, (name, value) in enumerate(where):
        key = {} if days else {column: pattern.format(number)}
        rows.append({**{one: hers.get(one, cell) for one, cell in start.items()}, **key, name: value})
    totals = tuple((name, str(_total(rows, name))) for name, _ in item.control_totals)
    return replace(item, content=file_of(contract, layout, rows), rows=len(rows), control_totals=totals), where


def _total(rows: list[Row], name: str) -> Decimal:
    total = Decimal(0)
    for row in rows:
        try:
            total += Decimal(row[name])
        except InvalidOperation:
            continue
    return total


@pytest.mark.parametrize("feed", sorted(CONTRACTS))
def test_her_value_in_a_cell_that_is_not_for_it_is_held_back_unseen(
    feed: str, home: Home, said: Callable[[], bytes]
) -> None:
    item, where = spoilt(feed)
    receipt = take_in(home, deliver(home, item), CONTRACTS)
    taken = sorted(
        {
            where[row["row_number"] - 2]
            for path in home.lake.rglob("*.parquet")
            for row in pq.ParquetFile(path).read(["row_number"]).to_pylist()
            if row["row_number"] > 1
        }
    )
    assert [what for what in taken if what not in UNTOLD] == []
    assert receipt.outcome in (RECORD, FILE)
    if taken:
        # the limit is known and no wider than said: names alone, and where a contract asks for words
        assert taken == sorted(what for what in UNTOLD if what[0] in CONTRACTS[feed].column_names)
        assert {what for line in scan(home.root, leave_out=[home.vault]) for what in NAMES if what in line} == NAMES
    else:
        nothing_outside(home)
    for text in (said(), messages(receipt, home)):
        assert traces(text) == []


# whole files and deliveries that nobody should have sent -------------------------------------------------------------


def in_clear(feed: str, organisation: str) -> Submission:
    """Her row in the layout `clear` (or the council's) as a file of some sender."""
    item, contract = last_sent()[feed], CONTRACTS[feed]
    row = {**her_row(item, contract), "organisation": organisation}
    names = contract.layout_names(contract.custom.layouts["clear"])
    return replace(item, organisation=organisation, content=csv_of(list(names), [row]), rows=1)


@pytest.mark.parametrize("feed", CLEAR_FEEDS)
def test_identifiers_from_a_sender_who_may_not_send_them_are_refused(
    feed: str, home: Home, said: Callable[[], bytes]
) -> None:
    """GRW-04: clear identifiers come in by a justified contract entry or not at all."""
    sender = last_sent()[feed].organisation
    if CONTRACTS[feed].identity.clear_justification:  # type: ignore[union-attr]
        sender = "ZCM1"
    receipt = take_in(home, deliver(home, in_clear(feed, sender)), CONTRACTS)
    assert receipt.outcome == FILE
    assert {item.rule for item in receipt.findings} & {"structure.column_identifying", "delivery.sender_unknown"}
    nothing_outside(home, said(), messages(receipt, home))


@pytest.mark.parametrize(
    ("header", "value", "refused"),
    [
        ("patient_name", f"{FORENAME} {SURNAME}", True),
        ("NHS Number", NUMBER, True),
        ("remarks", SPELLINGS[1], True),
        ("remarks", POSTCODE, True),
        # a name cannot be told from other words: the column is not loaded, whatever it holds
        ("remarks", SURNAME, False),
        (f"{SURNAME} {NUMBER}", "yes", False),
    ],
)
@pytest.mark.parametrize("feed", ["admitted_care", "sexual_health", "council_client_level", "pcn_achievement"])
def test_a_column_nobody_declared_stays_outside(
    feed: str, header: str, value: str, refused: bool, home: Home, said: Callable[[], bytes]
) -> None:
    item = last_sent()[feed]
    first, row = item.content.decode().splitlines()[:2]
    changed = replace(item, content=f"{first},{header}\n{row},{value}\n".encode(), rows=1)
    receipt = take_in(home, deliver(home, changed), CONTRACTS)
    assert (receipt.outcome == FILE) == refused, receipt.findings
    nothing_outside(home, said(), messages(receipt, home))


@pytest.mark.parametrize("feed", sorted(CONTRACTS))
def test_her_birthday_in_another_format_refuses_the_file_unseen(
    feed: str, home: Home, said: Callable[[], bytes]
) -> None:
    item, contract = last_sent()[feed], CONTRACTS[feed]
    layout, start = rows_of(item, contract)[0], good_row(item, contract)
    days = [name for name in contract.layout_names(layout) if contract.by_name[name].kind == "date"]
    written = f"{BORN:%Y-%m-%d}" if layout.dateFormat != "YYYY-MM-DD" else f"{BORN:%d/%m/%Y}"
    if not days:
        days = [contract.custom.eventColumn]
    rows = [start, {**start, **dict.fromkeys(days, written)}]
    totals = tuple((name, str(_total(rows, name))) for name, _ in item.control_totals)
    changed = replace(item, content=file_of(contract, layout, rows), rows=2, control_totals=totals)
    receipt = take_in(home, deliver(home, changed), CONTRACTS)
    assert receipt.rows_accepted <= 1
    assert receipt.outcome in (RECORD, FILE)
    nothing_outside(home, said(), messages(receipt, home))


SHE = f"{SURNAME}_{NUMBER}"
MANIFESTS: list[dict[str, Any]] = [
    {"feed": SHE},
    {"feed": SURNAME.lower()},
    {"organisation": SURNAME.upper()},
    {"covers": {"from": BORN.isoformat(), "to": BORN.isoformat()}},
    {"covers": {"from": "13/02/1931", "to": NUMBER}},
    {"covers": {"from": "2025-06-01", "to": "2025-06-30", SHE: BORN.isoformat()}},
    {"sequence": NUMBER},
    {"sequence": int(NUMBER)},
    {"rows": int(NUMBER)},
    {"sha256": NUMBER},
    {"control_totals": {SHE: "1"}},
    {"control_totals": {SHE: 1}},
    {"control_totals": {"amount": NUMBER}},
    {SHE: 1},
    {POSTCODE: SURNAME, "file": 7},
    {"file": f"{SHE}.csv"},
    {"file": f"../{SURNAME}.csv"},
]


@pytest.mark.parametrize("changes", MANIFESTS, ids=str)
def test_a_manifest_that_speaks_of_her_is_refused_unheard(
    changes: dict[str, Any], home: Home, said: Callable[[], bytes]
) -> None:
    item = last_sent()["stop_smoking"]
    receipt = take_in(home, deliver(home, item, **changes), CONTRACTS)
    assert receipt.outcome == FILE
    told = {**receipt.as_json(), "covers": None, "sequence": None}
    nothing_outside(home, said(), json.dumps([told["findings"], receipt.profile], default=str).encode())


@pytest.mark.parametrize(
    "name", [f"{SHE}.csv", f"stop_smoking_ZSS1_2025-04_v1_{SURNAME}.csv", f"{FORENAME} {POSTCODE}.csv"]
)
@pytest.mark.parametrize("in_manifest", [True, False])
def test_a_file_name_with_her_name_is_told_to_nobody(
    name: str, in_manifest: bool, home: Home, said: Callable[[], bytes]
) -> None:
    item = last_sent()["stop_smoking"]
    path = item.write(home.landing)
    told = json.loads(path.read_text())
    (path.parent / item.file_name).rename(path.parent / name)
    path.unlink()
    moved = path.parent / f"{name}{SUFFIX}"
    moved.write_text(json.dumps({**told, "file": name} if in_manifest else told))
    receipt = take_in(home, moved, CONTRACTS)
    assert receipt.outcome == FILE
    # what a run prints and writes into Dagster's log about a refused file
    nothing_outside(home, said(), receipt.shown_name.encode(), json.dumps(receipt.as_json()["findings"]).encode())


# breaking in the middle ---------------------------------------------------------------------------------------------


def council_with_her() -> Submission:
    """The council's own file, in clear as its contract has it, with one row more, about her."""
    item, contract = last_sent()["council_client_level"], CONTRACTS["council_client_level"]
    layout, start = rows_of(item, contract)[0], good_row(item, contract)
    hers = {**start, **IDENTIFIERS, "date_of_birth": BORN.strftime(DATE_FORMATS[layout.dateFormat])}
    row = file_of(contract, layout, [{**hers, record_column(contract): "CNY0000001"}]).splitlines(keepends=True)[1]
    return next_sequence(item, item.content + row, item.rows + 1)


INTAKE_STEPS = (
    "expectations.rows:read_table",
    "ingest.read:decode",
    "ingest.read:records_of",
    "expectations.rows:conform",
    "ingest.conform:_cell",
    "expectations.rows:tokenise",
    "ingest.identity.tokenise:_from_identifiers",
    "ingest.identity.nhs_number:judge",
    "ingest.identity.tokenise:match_text",
    "ingest.identity.tokenise:local_text",
    "ingest.identity.tokenise:misplaced",
    "expectations.rows:run_suite",
    "expectations.runner:frame_of",
    "expectations.examine:_judge",
    "ingest.lake:partitions",
    "ingest.lake:write_parquet_tables",
)


@pytest.mark.parametrize("step", INTAKE_STEPS)
def test_an_error_with_her_row_in_hand_tells_nothing(
    step: str, home: Home, said: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What gets out of intake is what Dagster's event log and OUTTURN_TRACEBACK=1 would show: the whole chain."""
    module, _, name = step.partition(":")
    place = importlib.import_module(module)
    monkeypatch.setattr(place, name, faulty(getattr(place, name), "raise"))
    path = deliver(home, council_with_her())
    with pytest.raises(Exception) as stopped:  # noqa: PT011 (the kind of error is not the question)
        take_in(home, path, CONTRACTS)
    told = "".join(traceback.format_exception(stopped.value)) + repr(stopped.value.args)
    nothing_outside(home, said(), told.encode())
    monkeypatch.undo()
    assert take_in(home, path, CONTRACTS).accepted
    nothing_outside(home, said())


@pytest.mark.parametrize("when", ["ingest.identity.tokenise:_from_identifiers", "ingest.lake:write_parquet_tables"])
def test_a_process_killed_with_her_row_in_hand_leaves_nothing(when: str, home: Home) -> None:
    """Two moments in intake; a third, with all rooms at work, is part of the whole run below."""
    path = deliver(home, council_with_her())
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import canary_faults\n"
        "from pathlib import Path\n"
        "from expectations.intake import take_in\nfrom foundation.home import Home\n"
        "from ingest.contract import load_contracts\n"
        "take_in(Home(Path(sys.argv[2])), Path(sys.argv[3]), load_contracts())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(home.root), str(path)],
        env={**os.environ, VARIABLE: f"kill {when}"},
        capture_output=True,
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()
    nothing_outside(home, ran.stdout, ran.stderr)


# the whole run ------------------------------------------------------------------------------------------------------


@dataclass
class WholeRun:
    """A home with her in every feed: killed, broken, and at last run to the end; what each run printed and left."""

    home: Home
    sent: dict[str, str]
    printed: dict[str, bytes]
    codes: dict[str, int]
    left: dict[str, list[str]]


def with_her(feed: str, folder: Path, key: Path) -> tuple[Submission, bytes]:
    """The last file of a feed sent again with her in it, by way of `outturn pseudonymise`; what that said."""
    from ingest.identity.keyring import read_key
    from ingest.identity.pseudonymise import pseudonymise_file

    item, contract = last_sent()[feed], CONTRACTS[feed]
    clear = folder / f"{feed}.csv"
    clear.write_bytes(csv_of(list(contract.layout_names(contract.custom.layouts["clear"])), [her_row(item, contract)]))
    made = pseudonymise_file(clear, contract, read_key(key, "greenwich"), test_numbers=True)
    header, row = made.path.read_bytes().splitlines(keepends=True)
    assert header == item.content.splitlines(keepends=True)[0]
    return next_sequence(item, item.content + row, item.rows + 1), json.dumps(made.report()).encode() + header + row


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> WholeRun:
    from orchestration.cycle import agreements_of
    from orchestration.deciding import approve_for_demo

    folder = tmp_path_factory.mktemp("canary")
    home, place = Home(folder / "home"), find_place("greenwich", RESIDENTS)
    home.create(demo=True, place="greenwich", residents=RESIDENTS)
    for item in place.submissions():
        item.write(home.landing)
    for agreement in agreements_of(home):
        approve_for_demo(home, place, agreement)
    key, clear = folder / "key", folder / "clear"
    write_source_key(demo_key("greenwich"), key)
    clear.mkdir()
    printed, codes, left, sent = {}, {}, {}, {}
    for feed in CLEAR_FEEDS:
        if feed != "council_client_level":
            submission, printed[f"pseudonymise {feed}"] = with_her(feed, clear, key)
            submission.write(home.landing)
            sent[feed] = submission.file_name
    council_with_her().write(home.landing)
    sent["council_client_level"] = council_with_her().file_name
    # never linked, so that she has no place there at all: every row of hers is held back
    never, _ = spoilt("sexual_health")
    replace(never, sequence=never.sequence + 1).write(home.landing)
    deliver(home, replace(last_sent()["stop_smoking"], sequence=99), **{SHE: POSTCODE})
    said = outturn(
        "pseudonymise",
        str(clear / "deaths.csv"),
        "--contract",
        str(CONTRACTS_FOLDER / "deaths.yaml"),
        "--key",
        str(key),
        "--place",
        "greenwich",
        "--test-numbers",
        "--out",
        str(clear / "again.csv"),
    )
    codes["pseudonymise"], printed["pseudonymise"] = said.code, said.out.encode()
    for name, fault in (
        ("killed", "kill-parent ingest.identity.tokenise:_from_identifiers"),
        ("broken", "raise publication.release:build_release"),
        ("well", ""),
    ):
        said_in = folder / f"{name}.txt"
        with said_in.open("wb") as handle:
            ran = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("canary_faults.py")), "run", "--period", "2025-06"],
                env={**os.environ, "OUTTURN_HOME": str(home.root), VARIABLE: fault, "OUTTURN_TRACEBACK": "1"},
                stdout=handle,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            codes[name] = ran.wait()
        # a worker whose parent was killed waits for ever for more to do
        with contextlib.suppress(ProcessLookupError):
            os.killpg(ran.pid, signal.SIGKILL)
        printed[name] = said_in.read_bytes()
        left[name] = scan(home.root, leave_out=[home.vault])
    return WholeRun(home, sent, printed, codes, left)


def test_she_was_in_every_feed(whole_run: WholeRun) -> None:
    """Otherwise nothing would be found because nothing was there."""
    from ingest.register import receipts

    assert whole_run.codes["pseudonymise"] == 0
    assert whole_run.codes["well"] in (0, 3), whole_run.printed["well"].decode()
    accepted = {item.file_name for item in receipts(whole_run.home) if item.accepted}
    assert set(whole_run.sent.values()) <= accepted
    person, match = her_tokens()
    for feed in whole_run.sent:
        stored = pa.concat_tables(
            [pq.ParquetFile(path).read() for path in (whole_run.home.lake / f"feed={feed}").rglob("*.parquet")]
        )
        assert person in stored.column("person_token").to_pylist(), feed
        if "match_token" in stored.column_names:
            assert match in stored.column("match_token").to_pylist(), feed
    assert scan(whole_run.home.vault)


@pytest.mark.parametrize("which", ["killed", "broken", "well"])
def test_nothing_outside_the_vault_and_nothing_printed(whole_run: WholeRun, which: str) -> None:
    if which == "killed":
        assert whole_run.codes[which] == -signal.SIGKILL
    if which == "broken":
        assert b"ValueError" in whole_run.printed[which]
    assert whole_run.left[which] == []
    for name, text in whole_run.printed.items():
        assert traces(text) == [], (name, text.decode(errors="replace")[-3000:])


def test_the_search_can_find(whole_run: WholeRun, tmp_path: Path) -> None:
    """The same search over the same kinds of files, with her in one of each."""
    home = Home(tmp_path / "home")
    part = next(path for path in sorted(whole_run.home.lake.rglob("*.parquet")) if "stop_smoking" in str(path))
    target = home.lake / part.relative_to(whole_run.home.lake)
    target.parent.mkdir(parents=True)
    shutil.copy(part, target)
    assert scan(home.root) == []
    table = pq.ParquetFile(part).read()
    ids = pa.array([f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}"] * table.num_rows)
    pq.write_table(table.set_column(table.column_names.index("record_id"), "record_id", ids), target)
    assert [line for line in scan(home.root) if "in Parquet" in line and "NHS number" in line]
    days = pa.table({"day": pa.array([BORN]), "number": pa.array([int(NUMBER)])})
    pq.write_table(days, tmp_path / "days.parquet", compression="zstd")
    found = scan(tmp_path)
    assert [line for line in found if "days.parquet: date of birth in Parquet" in line]
    with duckdb.connect(str(tmp_path / "some.duckdb")) as connection:
        connection.execute("create table people as select ? as name, ? as born", [SURNAME.upper(), BORN])
    with contextlib.closing(sqlite3.connect(tmp_path / "log.db")) as log:
        log.execute("pragma journal_mode = wal")
        log.execute("create table events (event text)")
        log.execute("insert into events values (?)", [f"failed on {BORN:%d/%m/%Y}"])
        log.commit()
        with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
            book.writestr("sheet.xml", f"<t>{POSTCODE.replace(' ', '')}</t>" * 50)
        (tmp_path / "page.html").write_bytes(SURNAME.encode("utf-16"))
        (tmp_path / f"{FORENAME}.txt").write_bytes(b"")
        (tmp_path / "packed.gz").write_bytes(gzip.compress(NUMBER.encode() * 50))
        (tmp_path / "state.msgpack").write_bytes(msgpack.packb({"text": f"{BORN:%d %B %Y}"}))
        found = scan(tmp_path)
    for wanted in (
        "some.duckdb: surname in table people",
        "some.duckdb: date of birth in table people",
        "log.db: date of birth, day first in table events",
        "book.xlsx: postcode in sheet.xml",
        "page.html: surname",
        f"{FORENAME}.txt: forename in its name",
        "packed.gz: NHS number in gzip",
        "state.msgpack: date of birth, day first in MessagePack",
    ):
        assert [line for line in found if line.endswith(wanted)], (wanted, found)


def test_a_run_calls_no_file_by_her_name(home: Home) -> None:
    from orchestration.main_job import findings

    write_bytes(home.releases / "1" / "manifest.json", b'{"data_cut_id": "1"}')
    home.current.symlink_to("1")
    item = last_sent()["stop_smoking"]
    mailbox = home.landing / item.organisation
    moved = deliver(home, item, file=f"{SHE}.csv").rename(mailbox / f"{SHE}.csv{SUFFIX}")
    (mailbox / item.file_name).rename(mailbox / f"{SHE}.csv")
    assert take_in(home, moved, CONTRACTS).outcome == FILE
    (told,) = findings(home)
    assert traces(told.encode()) == []
