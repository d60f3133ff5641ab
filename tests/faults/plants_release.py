"""Planting faults in a release, in the way it comes about, and in the machine that makes it.

Not here: which gate must catch them (`matrix`). Nothing is written into a file in place: the copies share their files.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fault_home import AGREEMENT, FORMER, Scene, rewrite
from plants_lake import live

from foundation.canonical import content_id, readable_json


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
