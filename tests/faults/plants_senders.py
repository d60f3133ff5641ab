"""Planting faults in what senders deliver.

Not here: which gate must catch them (`matrix`). Nothing is written into a file in place: the copies share their files.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from fault_home import Scene, rewrite
from people_changes import Sent, newest, sent

from foundation.canonical import readable_json
from foundation.home import Home
from ingest.register import Receipt
from orchestration.rooms import contracts
from places.base import Submission

Row = dict[str, str]
MEMBER = "youth-charity"


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
