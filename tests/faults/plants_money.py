"""Planting faults in terms, decisions and settlement.

Not here: which gate must catch them (`matrix`). Nothing is written into a file in place: the copies share their files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fault_home import AGREEMENT, PERIOD, Scene, rewrite

from foundation.canonical import canonical_json, readable_json


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
