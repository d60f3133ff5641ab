"""What a forger does who can write to a copy of a release: every hash and the release id made to fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from foundation.canonical import content_id, readable_json, sha256_file
from publication.warehouse import contents_hash


def reseal(copy: Path, without: Sequence[str] = (), of: int | None = None) -> None:
    """Seal the copy again. without: files that the manifest no longer lists; of: the format it says it has."""
    manifest = json.loads((copy / "manifest.json").read_bytes())
    if of is not None:
        manifest["format"] = of
    for name in without:
        del manifest["files"][name]
    for name, entry in manifest["files"].items():
        path = copy / name
        if "contents_sha256" in entry:
            entry["contents_sha256"] = contents_hash(path)
        else:
            entry["sha256"], entry["bytes"] = sha256_file(path), path.stat().st_size
    manifest.pop("release_id")
    (copy / "manifest.json").write_bytes(readable_json({"release_id": content_id(manifest), **manifest}))
    files = [p for p in sorted(copy.rglob("*")) if p.is_file() and p.name != "seal.json"]
    seal = {"files": {p.relative_to(copy).as_posix(): sha256_file(p) for p in files}}
    (copy / "seal.json").write_bytes(readable_json(seal))
