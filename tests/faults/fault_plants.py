"""Planting faults: what senders, disks, people and programs do wrong.

Not here: which gate must catch them (`matrix`). Nothing is written into a file in place: the copies share their files.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fault_home import AGREEMENT, FORMER, PERIOD, Scene, rewrite
from people_changes import Sent, newest, sent

from foundation.canonical import canonical_json, content_id, readable_json
from foundation.home import Home
from ingest.register import Receipt, read_receipt, receipt_path
from orchestration.rooms import contracts
from places.base import Submission

Row = dict[str, str]
MEMBER = "youth-charity"


# senders --------------------------------------------------------------------------------------------


def receipt_of(home: Home, feed: str, organisation: str, month: str) -> Receipt:
    """The submission of a feed and organisation that covers a month."""
    from ingest.register import Register

    return next(
        item
        for item in Register.load(home).in_force()
        if (item.feed, item.organisation) == (feed, organisation)
        and item.covers_from is not None
        and item.covers_to is not None
        and f"{item.covers_from:%Y-%m}" <= month <= f"{item.covers_to:%Y-%m}"
    )


def _totals(held: Sent) -> tuple[tuple[str, str], ...]:
    names = contracts()[held.feed].custom.controlTotals
    return tuple((name, str(sum((Decimal(row[name]) for row in held.rows), Decimal("0.00")))) for name in names)


def delivery(
    feed: str,
    organisation: str,
    change: Callable[[list[Row]], list[Row]] = lambda rows: rows,
    *,
    month: str | None = None,
    higher: int = 1,
    totals: bool = True,
    dates: tuple[date, date] | None = None,
) -> Callable[[Home], Submission]:
    """A sender's file once more, with changed rows, under a sequence that is `higher`; its manifest is true."""

    def made(home: Home) -> Submission:
        held = sent(home, receipt_of(home, feed, organisation, month) if month else newest(home, feed, organisation))
        first, last = dates or (held.first, held.last)
        changed = replace(
            held,
            first=first,
            last=last,
            sequence=held.sequence + higher,
            rows=tuple(change([dict(row) for row in held.rows])),
        )
        submission = changed.submission()
        return replace(submission, control_totals=_totals(changed) if totals else _totals(held))

    return made


def sends(made: Callable[[Home], Submission]) -> Callable[[Scene], None]:
    def plant(scene: Scene) -> None:
        made(scene.home).write(scene.home.landing)

    return plant


def sends_with(made: Callable[[Home], Submission], **changes: Any) -> Callable[[Scene], None]:
    """A delivery whose manifest says something else than is true, or whose file is changed after it was made."""

    def plant(scene: Scene) -> None:
        item = made(scene.home)
        path = item.write(scene.home.landing)
        if "content" in changes:
            rewrite(path.with_name(item.file_name), changes["content"](item.content))
        if "manifest" in changes:
            rewrite(path, readable_json({**item.manifest(), **changes["manifest"](item)}))
        if "mailbox" in changes:
            target = scene.home.landing / changes["mailbox"]
            target.mkdir(exist_ok=True, mode=0o700)
            for name in (item.file_name, path.name):
                (path.parent / name).rename(target / name)
        if "name" in changes:
            path.with_name(item.file_name).rename(path.with_name(changes["name"]))

    return plant


def by_a_stranger(made: Callable[[Home], Submission]) -> Callable[[Scene], None]:
    """A file from an organisation that is no sender of the feed."""
    return lambda scene: replace(made(scene.home), organisation="stranger").write(scene.home.landing)


def still_written(made: Callable[[Home], Submission]) -> Callable[[Scene], None]:
    """The sender goes on writing while the file is read."""

    def plant(scene: Scene) -> None:
        import hashlib

        from ingest import receive

        item = made(scene.home)
        path = item.write(scene.home.landing).with_name(item.file_name)

        class Hashing:
            """SHA-256, in the midst of which the file grows by a byte."""

            def sha256(self) -> Any:
                with path.open("ab") as handle:
                    handle.write(b" ")
                return hashlib.sha256()

        scene.patch.setattr(receive, "hashlib", Hashing())

    return plant


def in_bytes(made: Callable[[Home], Submission], change: Callable[[bytes], bytes]) -> Callable[[Scene], None]:
    """A file whose bytes are wrong and whose manifest is true to them."""

    def plant(scene: Scene) -> None:
        item = made(scene.home)
        replace(item, content=change(item.content)).write(scene.home.landing)

    return plant


def one(column: str, value: str) -> Callable[[list[Row]], list[Row]]:
    """One cell of the first row is something else."""

    def change(rows: list[Row]) -> list[Row]:
        rows[0][column] = value
        return rows

    return change


def share(column: str, value: str, every: int) -> Callable[[list[Row]], list[Row]]:
    """One cell of every n-th row is something else."""

    def change(rows: list[Row]) -> list[Row]:
        for row in rows[::every]:
            row[column] = value
        return rows

    return change


def times_hundred(rows: list[Row]) -> list[Row]:
    return [{**row, "amount": f"{Decimal(row['amount']) * 100:.2f}"} for row in rows]


def in_month(month: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [{**row, "month": month} for row in rows]


def other_key(rows: list[Row]) -> list[Row]:
    """Tokens as another key would have made them."""
    return [
        {name: f"k9:{value[3:]}" if name.endswith("_token") and value else value for name, value in row.items()}
        for row in rows
    ]


def number_denied(rows: list[Row]) -> list[Row]:
    """A row refers to a person by a number that it says it has not."""
    next(row for row in rows if row["nhs_number_status"] == "valid")["nhs_number_status"] = "missing"
    return rows


def same_again(scene: Scene) -> None:
    """The very same delivery lies in the mailbox once more."""
    receipt = receipt_of(scene.home, "cost_ledger", MEMBER, "2025-03")
    folder = scene.home.submissions / receipt.submission_id
    mailbox = scene.home.landing / receipt.organisation
    mailbox.mkdir(exist_ok=True, mode=0o700)
    shutil.copy(folder / receipt.file_name, mailbox / receipt.file_name)
    shutil.copy(folder / "manifest.json", mailbox / f"{receipt.file_name}.manifest.json")


# vault, lake, cut -----------------------------------------------------------------------------------


def withdrawn(feed: str, organisation: str, month: str) -> Callable[[Scene], None]:
    """A required organisation's months are missing: what it sent was taken back."""

    def plant(scene: Scene) -> None:
        from ingest.register import withdraw

        receipt = receipt_of(scene.home, feed, organisation, month)
        withdraw(scene.home, receipt.submission_id, "sent by mistake", "the sender", contracts(), date(2025, 10, 1),
                 restatement=True)  # fmt: skip

    return plant


def lost_submission(scene: Scene) -> None:
    """A submission's folder is gone from the vault: nobody knows that it was ever accepted."""
    receipt = receipt_of(scene.home, "cost_ledger", MEMBER, "2025-01")
    shutil.rmtree(scene.home.submissions / receipt.submission_id)


def _lake_file(scene: Scene, month: str) -> Path:
    receipt = receipt_of(scene.home, "cost_ledger", MEMBER, month)
    return scene.home.lake / receipt.lake_files[0][0]


def lake_file_replaced(scene: Scene) -> None:
    """A file of the lake is that of another month."""
    assert scene.cycle
    rewrite(_lake_file(scene, "2025-01"), _lake_file(scene, "2025-02").read_bytes())


def raw_file_changed(scene: Scene) -> None:
    receipt = receipt_of(scene.home, "cost_ledger", MEMBER, "2025-01")
    path = scene.home.submissions / receipt.submission_id / receipt.file_name
    rewrite(path, path.read_bytes().replace(b"1", b"7", 1))


def receipt_edited(old: bytes, new: bytes, *, known: bool = True) -> Callable[[Scene], None]:
    """A receipt says something else. known: the data cut is that of before."""

    def plant(scene: Scene) -> None:
        assert not known or scene.cycle
        receipt = receipt_of(scene.home, "cost_ledger", MEMBER, "2025-01")
        path = receipt_path(scene.home, receipt.submission_id)
        raw = path.read_bytes()
        assert old in raw
        rewrite(path, raw.replace(old, new, 1))
        if b"{" in new:
            return
        assert read_receipt(scene.home, receipt.submission_id) != receipt

    return plant


def other_suite(scene: Scene) -> None:
    """The suite has changed since the file was accepted, and nobody has judged the file again."""
    receipt = receipt_of(scene.home, "cost_ledger", MEMBER, "2025-01")
    path = receipt_path(scene.home, receipt.submission_id)
    rewrite(path, path.read_bytes().replace(receipt.suite_hash.encode(), b"0" * 64))


def cut_edited(scene: Scene) -> None:
    path = scene.verdict_folder / "cut.json"
    rewrite(path, path.read_bytes().replace(b'"sequence":1', b'"sequence":2', 1))
    del scene.__dict__["cycle"]


def link_table_edited(scene: Scene) -> None:
    """Two people's tokens change places in the table of links; the next build would be made from it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ingest.identity.links import links_path

    cycle = scene.cycle
    path = links_path(scene.home, cycle.cut.link_table)
    table = pq.ParquetFile(path).read()
    keys = table.column("person_key").to_pylist()
    keys[0], keys[-1] = keys[-1], keys[0]
    place = table.column_names.index("person_key")
    sink = pa.BufferOutputStream()
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array(keys, pa.int64())), sink)
    rewrite(path, sink.getvalue().to_pybytes())
    shutil.rmtree(cycle.inputs)


def inputs_edited(scene: Scene) -> None:
    """What dbt reads beside the lake: a submission is left out of the list after it was written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = scene.cycle.inputs / "submissions.parquet"
    sink = pa.BufferOutputStream()
    pq.write_table(pq.ParquetFile(path).read().slice(1), sink)
    rewrite(path, sink.getvalue().to_pybytes())


def live(scene: Scene) -> None:
    """The home is a live one."""
    rewrite(scene.home.marker, readable_json({"demo": False, "place": "greenwich"}))


def link_note_broken(scene: Scene) -> None:
    """What says which link table belongs to the lake's files cannot be read."""
    for note in (scene.home.vault / "identity" / "links" / "made").glob("*.json"):
        rewrite(note, b"{")


def withdrawal_broken(scene: Scene) -> None:
    """A withdrawal that cannot be read: nobody knows whether a submission counts."""
    withdrawn("sexual_health", "ZSH1", "2024-05")(scene)
    (path,) = scene.home.submissions.glob("*/withdrawal.json")
    rewrite(path, b"{")
    scene.given["withdrawn"] = path.parent.name


def key_file(mode: int) -> Callable[[Scene], None]:
    def plant(scene: Scene) -> None:
        live(scene)
        path = scene.scratch / "token.key"
        path.write_text("ab" * 32)
        path.chmod(mode)
        scene.patch.setenv("OUTTURN_TOKEN_KEY", str(path))

    return plant


def demonstration_key(scene: Scene) -> None:
    """The key everybody knows, in a live home."""
    from foundation.tokens import demo_master_key

    key_file(0o600)(scene)
    path = scene.scratch / "token.key"
    path.write_text(demo_master_key("greenwich").hex())


# warehouse ------------------------------------------------------------------------------------------


def in_database(*statements: str) -> Callable[[Scene], None]:
    """Somebody opens the build database after its tests."""

    def plant(scene: Scene) -> None:
        import duckdb

        assert scene.cycle
        with duckdb.connect(str(scene.home.build_database)) as connection:
            for statement in statements:
                connection.execute(statement)

    return plant


def built_so(*statements: str) -> Callable[[Scene], None]:
    """A model gives this: the tables are wrong before the build is finished, so that their hashes fit."""

    def plant(scene: Scene) -> None:
        in_database(*statements)(scene)
        finish(scene)

    return plant


def finish(scene: Scene, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda found: found) -> None:
    """Finish the build as the main job does, with its results as they were or changed."""
    from orchestration.increment import basis_of
    from orchestration.warehouse import current_build, finish_build

    build = current_build(scene.home)
    assert build is not None
    results = change([dict(item) for item in build.run_results["results"]])
    finish_build(scene.home, scene.cycle.fingerprint, basis_of(scene.cycle), {"results": results})


def _a_test(item: Mapping[str, Any]) -> bool:
    return str(item["unique_id"]).startswith("test.") and "ledger_equals_staging" in item["unique_id"]


def test_failed(scene: Scene) -> None:
    finish(scene, lambda found: [{**item, "status": "fail"} if _a_test(item) else item for item in found])


def test_not_run(scene: Scene) -> None:
    finish(scene, lambda found: [item for item in found if not _a_test(item)])


def unknown_agreement(scene: Scene) -> None:
    """A cost line names an agreement nobody knows. dbt's own test is asked, as it was compiled, what it says to that."""
    import duckdb

    in_database("update int_ledger_lines set agreement_id = 'greenwich-public-heath' where line_id = 'staff'")(scene)
    (compiled,) = (scene.home.dbt / "target" / "compiled").rglob("ledger_equals_staging.sql")
    with duckdb.connect(str(scene.home.build_database), read_only=True) as connection:
        failures = len(connection.execute(compiled.read_text()).fetchall())
    status = "fail" if failures else "pass"
    finish(scene, lambda found: [{**item, "status": status} if _a_test(item) else item for item in found])


def other_fingerprint(scene: Scene) -> None:
    """The mark of a complete build stands beside tables of another data cut."""
    path = scene.home.warehouse / "built.json"
    content = json.loads(path.read_bytes())
    rewrite(path, readable_json({**content, "fingerprint": "0" * 64}))


def unfinished(scene: Scene) -> None:
    """A build died half-way; somebody passes its tables off as complete with the mark of the one before."""
    in_database("delete from ledger where month = '2025-03'")(scene)


def days_missing(scene: Scene) -> None:
    """Thirty days are missing under a figure that says it is fit to pay on."""
    built_so("update kpi_return set missing_days = 30 where kpi_id = 'G6' and period_id = '2024-25'")(scene)
    scene.given["fit"] = (f"{AGREEMENT}/G6/{PERIOD}",)


def results_gone(scene: Scene) -> None:
    """dbt was killed before it said what it had done."""
    (scene.home.dbt / "target" / "run_results.json").unlink()


def held_by_another(scene: Scene) -> None:
    """Another program has the build database open."""
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(scene.home.build_database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None and other.stdin is not None
    assert scene.cycle
    assert other.stdout.readline().strip() == "open"

    def close() -> None:
        other.communicate()

    scene.held.append(close)


def raising(scene: Scene) -> None:
    """A check of the gate breaks."""
    import orchestration.judging
    from expectations import gate_tables

    assert orchestration.judging

    def broken(*_: object, **__: object) -> bool:
        raise ZeroDivisionError("a planted fault")

    scene.patch.setattr(gate_tables, "_type_problems", broken)


# verdicts -------------------------------------------------------------------------------------------


def verdict(name: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[[Scene], None]:
    """A verdict is something else than the check wrote; None takes it away."""

    def plant(scene: Scene) -> None:
        path = scene.verdict_folder / f"{name}.json"
        changed = change(json.loads(path.read_bytes()))
        if changed is None:
            path.unlink()
        else:
            rewrite(path, canonical_json(changed))

    return plant


def made_to_pass(scene: Scene) -> None:
    """The check said no, and somebody changed its answer."""
    from orchestration.judging import judge_cut
    from orchestration.warehouse import current_build

    raw_file_changed(scene)
    build = current_build(scene.home)
    assert build is not None
    judge_cut(scene.cycle, build, scene.tables())
    path = scene.verdict_folder / "cut.register.json"
    raw = path.read_bytes()
    assert b'"status":"failed"' in raw
    rewrite(path, raw.replace(b'"status":"failed"', b'"status":"passed"'))


def required(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[[Scene], None]:
    return verdict("required", change)


def stray_verdict(scene: Scene) -> None:
    path = scene.verdict_folder / "ledger.suite.json"
    rewrite(scene.verdict_folder / "ledger.extra.json", path.read_bytes())


# terms and decisions --------------------------------------------------------------------------------


def terms_edited(scene: Scene) -> None:
    """One level of the terms differs by a digit from what was approved."""
    import orchestration.cycle as cycle

    agreements = Path(shutil.copytree(cycle.AGREEMENTS, scene.scratch / "agreements"))
    path = agreements / AGREEMENT / "2024-04-01.yaml"
    text = path.read_text()
    assert "stretch: 7.5," in text
    path.write_text(text.replace("stretch: 7.5,", "stretch: 7.4,"))
    scene.patch.setattr(cycle, "AGREEMENTS", agreements)


def log_of(scene: Scene, agreement: str = AGREEMENT) -> Path:
    return scene.home.decisions / f"{agreement}.jsonl"


def log_edited(scene: Scene) -> None:
    path = log_of(scene)
    raw = path.read_bytes()
    assert b'"vote":"approve"' in raw
    rewrite(path, raw.replace(b'"vote":"approve"', b'"vote":"reject"', 1))


def log_cut_short(scene: Scene) -> None:
    path = log_of(scene)
    rewrite(path, b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def head_gone(scene: Scene) -> None:
    (scene.home.decisions / f"{AGREEMENT}.head.json").unlink()


def not_everybody(scene: Scene) -> None:
    """One party has not voted on the terms: a log in perfect order that approves nothing."""
    from settlement.decisions import head_of, read_log

    path = log_of(scene)
    log = b"".join(path.read_bytes().splitlines(keepends=True)[:-1])
    records = read_log(log)
    rewrite(path, log)
    head = scene.home.decisions / f"{AGREEMENT}.head.json"
    rewrite(head, canonical_json({"head": head_of(records), "records": len(records)}))


def stranger_signs(scene: Scene) -> None:
    """A record signed with a key to which nobody gave authority is appended."""
    from settlement.decisions import key_from_seed, public_key_text, read_log

    path = log_of(scene)
    log = path.read_bytes()
    last = read_log(log)[-1]
    key = key_from_seed(b"a stranger", "council")
    content = {
        "agreement_id": AGREEMENT,
        "body": dict(last.body),
        "kind": last.kind,
        "place": last.place,
        "previous": last.hash,
        "public_key": public_key_text(key),
        "sequence": last.sequence + 1,
        "signed_at": last.signed_at,
        "signer": last.signer,
    }
    rewrite(path, log + canonical_json({**content, "signature": key.sign(canonical_json(content)).hex()}))


# settlement -----------------------------------------------------------------------------------------


def in_memory(table: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Callable[[Scene], None]:
    """The settlement is handed other rows than the warehouse holds."""

    def plant(scene: Scene) -> None:
        import pyarrow as pa

        tables = scene.tables()
        rows = change(tables[table].to_pylist())
        scene.given["tables"] = {**tables, table: pa.Table.from_pylist(rows, schema=tables[table].schema)}

    return plant


def is_scored(row: Mapping[str, Any], kpi: str = "G6") -> bool:
    return (row["kpi_id"], row["period_id"]) == (kpi, PERIOD)


def changed_row(**changes: Any) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda rows: [{**row, **changes} if is_scored(row) else row for row in rows]


def earlier_settlement(change: bool) -> Callable[[Scene], None]:
    """A settlement was made on an earlier data cut; change: somebody has edited its postings since."""

    def plant(scene: Scene) -> None:
        from fault_drives import pay

        pay(scene)
        (marker,) = scene.home.settlements.glob("*/*/*/settlement.json")
        content = json.loads(marker.read_bytes())
        rewrite(marker, readable_json({**content, "fingerprint": "0" * 64}))
        postings = marker.with_name("postings.csv")
        rewrite(postings, postings.read_bytes().replace(b",0,", b",1,", 1) + (b"\n" if change else b""))
        scene.given["settled"] = scene.settled()

    return plant


# release --------------------------------------------------------------------------------------------


def on_the_way(change: Callable[[Any], Any]) -> Callable[[Scene], None]:
    """What the release is built from changes after it was settled."""

    def plant(scene: Scene) -> None:
        scene.given["inputs"] = change

    return plant


def penny_more(inputs: Any) -> Any:
    """A posting is a penny more than the settlement said."""
    (given,) = inputs.settlements
    first, *rest = given.postings
    changed = replace(given, postings=[{**first, "amount_pence": int(first["amount_pence"]) + 1}, *rest])
    return replace(inputs, settlements=[changed])


def verdict_lost(inputs: Any) -> Any:
    return replace(inputs, verdicts={name: raw for name, raw in inputs.verdicts.items() if name != "ledger.suite"})


def other_gate_record(inputs: Any) -> Any:
    (given,) = inputs.settlements
    content = json.loads(given.gate_json)
    content["approvals"] = content["approvals"][:-1]
    return replace(inputs, settlements=[replace(given, gate_json=readable_json(content))])


def doubled_figure(inputs: Any) -> Any:
    import pyarrow as pa

    return replace(inputs, kpi_return=pa.concat_tables([inputs.kpi_return, inputs.kpi_return.slice(0, 1)]))


def verdict_unreadable(inputs: Any) -> Any:
    return replace(inputs, verdicts={**inputs.verdicts, "ledger.suite": b"{"})


def binary_fraction(inputs: Any) -> Any:
    import pyarrow as pa

    table = inputs.kpi_return
    place = table.column_names.index("value")
    column = table.column("value").cast(pa.float64())
    return replace(inputs, kpi_return=table.set_column(place, "value", column))


def no_release_key(scene: Scene) -> None:
    assert scene.cycle
    live(scene)
    _agreements_of_its_own(scene)
    scene.patch.delenv("OUTTURN_RELEASE_KEY", raising=False)


def wrong_release_key(scene: Scene) -> None:
    """The key of the release authority is of another kind than the log's."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    no_release_key(scene)
    path = scene.scratch / "release.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    scene.patch.setenv("OUTTURN_RELEASE_KEY", str(path))


def _agreements_of_its_own(scene: Scene) -> None:
    from orchestration.cycle import AGREEMENTS

    shutil.copytree(AGREEMENTS / AGREEMENT, scene.home.root / "agreements" / AGREEMENT)


def clock_back(scene: Scene) -> None:
    """The machine's clock is three years behind."""
    scene.given["moment"] = datetime(2022, 1, 1, tzinfo=UTC)


def published_and_changed(scene: Scene) -> None:
    """The release of this very cut is in the home, and somebody has changed it: a run would put it in force again."""
    former = scene.home.releases / FORMER
    manifest = json.loads((former / "manifest.json").read_bytes())
    name = str(manifest["release_id"])
    shutil.copytree(former, scene.home.releases / name)
    scene.given["published"] = scene.home.releases / name
    path = scene.home.releases / name / "members" / "postings.csv"
    rewrite(path, path.read_bytes() + b"\n")


def copy_changed(*changes: tuple[str, Callable[[bytes], bytes]], resealed: bool = False) -> Callable[[Scene], None]:
    """A copy of the release in force with other bytes in some files. resealed: its hashes are made to fit again."""

    def plant(scene: Scene) -> None:
        copy = scene.scratch / "copy"
        shutil.copytree(scene.home.current.resolve(), copy)
        for name, change in changes:
            path = copy / name
            raw = path.read_bytes() if path.exists() else b""
            made = change(raw)
            assert made != raw, name
            rewrite(path, made)
        if resealed:
            reseal(copy)
        scene.given["copy"] = copy

    return plant


def reseal(copy: Path) -> None:
    """What a forger does who knows how releases are made."""
    from publication.release import file_entries, seal_of

    path = copy / "manifest.json"
    content = json.loads(path.read_bytes())
    content.pop("release_id")
    content["files"] = file_entries(copy)
    rewrite(path, readable_json({"release_id": content_id(content), **content}))
    rewrite(copy / "seal.json", readable_json(seal_of(copy)))


def put(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda raw: raw.replace(old, new, 1)


def penny_in(column: str) -> Callable[[bytes], bytes]:
    """A penny more in the first row of a table."""

    def change(raw: bytes) -> bytes:
        header, first, *rest = raw.decode().splitlines()
        cells, place = first.split(","), header.split(",").index(column)
        cells[place] = str(int(cells[place]) + 1)
        return ("\n".join([header, ",".join(cells), *rest]) + "\n").encode()

    return change


# machine --------------------------------------------------------------------------------------------


def vault_open(scene: Scene) -> None:
    scene.home.vault.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP)


def marker_broken(scene: Scene) -> None:
    rewrite(scene.home.marker, b"[]")


def no_agreement(scene: Scene) -> None:
    """A home into which nothing has been accepted."""
    shutil.rmtree(scene.home.submissions)
    scene.home.submissions.mkdir(mode=0o700)


def failing(number: int, under: str) -> Callable[[Scene], None]:
    """The operating system refuses every durable write below a folder of the home."""

    def plant(scene: Scene) -> None:
        import foundation.durable as durable

        scene.given.setdefault("root", scene.home.root)
        real = durable.os.open
        folder = str(scene.home.root / under)

        class Os:
            """The operating system, but for what is full or may not be written."""

            def __getattr__(self, name: str) -> Any:
                return getattr(os, name)

            def open(self, path: Any, flags: int, *rest: Any) -> int:
                if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) and str(path).startswith(folder):
                    raise OSError(number, os.strerror(number), str(path))
                return real(path, flags, *rest)

        scene.patch.setattr(durable, "os", Os())
        import orchestration.lock as lock

        scene.patch.setattr(lock, "os", Os())

    return plant


full_disk = failing(errno.ENOSPC, "settlements")
read_only = failing(errno.EROFS, "")


def another_run(scene: Scene) -> None:
    """Another process holds the home."""
    descriptor = os.open(scene.home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    scene.held.append(lambda: os.close(descriptor))
