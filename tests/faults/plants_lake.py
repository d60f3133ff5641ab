"""Planting faults in the vault, the lake and the data cut.

Not here: which gate must catch them (`matrix`). Nothing is written into a file in place: the copies share their files.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

from fault_home import Scene, rewrite
from plants_senders import MEMBER, receipt_of

from foundation.canonical import readable_json
from ingest.register import read_receipt, receipt_path
from orchestration.rooms import contracts


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
