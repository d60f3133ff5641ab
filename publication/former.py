"""The releases that lie in a home beside a new one, as its readers have them.

Belongs here: which they are, in what order, and reading the little of them that an attack needs. Not here: the attack
(`disclosure.history`), decision logs (`log_heads`).

A release names the former ones it was tried beside. So their order follows from what they say, and a release that is
built again from the same inputs is tried beside the same ones and comes out the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foundation.canonical import content_id, sha256_file
from foundation.errors import Refused
from publication import columns
from publication.columns import Schema
from publication.disclosure.evidence import Look
from publication.disclosure.groups import SHOWN_KINDS
from publication.disclosure.history import REMEMBERED
from publication.disclosure.rules import HIDDEN, Rules, rules_of
from publication.formats import format_of, may_lack, may_lack_table
from publication.inputs import Row

# The entry of manifest.json: {"rules": settings, "after": ids of the former releases it was tried beside}.
KEY = "disclosure"
# What two releases share that are one and the same, built twice.
_SAME = (
    "place", "data_cut_id", "definitions_hash", "code_version", "engine_version", "terms", "decision_logs",
    "indicators", "sources",
)  # fmt: skip
_RELEASE = re.compile(r"[0-9a-f]{64}")
_PUBLIC = (columns.OUTCOMES, columns.BREAKDOWNS)
_NEEDED = (
    "figure_id", "indicator_id", "indicator_version", "area_code", "period_kind", "period_id", "value", "marker",
    "numerator", "denominator",
)  # fmt: skip
_SHOWN = " or ".join(f"period_kind = '{kind}'" for kind in SHOWN_KINDS)
_ANALYSTS = "analyst/analyst.duckdb"


@dataclass(frozen=True)
class Former:
    """A release that lies in the home."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def release_id(self) -> str:
        return self.folder.name

    @property
    def after(self) -> tuple[str, ...]:
        """Ids of the releases it was tried beside, the oldest first."""
        return tuple(self.manifest.get(KEY, {}).get("after", ()))


def _changed(folder: Path) -> Refused:
    return Refused(
        f"the release {folder.name} was changed or cannot be read: no new one can be tried beside it.",
        "restore that folder from a backup, or move it away if another copy of it is kept, then run again.",
    )


def releases_in(home_releases: Path) -> list[Former]:
    """Every release of a home, the oldest first as far as they say so. Refused when a manifest was changed."""
    found = {}
    for folder in sorted(home_releases.iterdir()) if home_releases.is_dir() else ():
        if _RELEASE.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            try:
                manifest = json.loads((folder / "manifest.json").read_bytes())
                content = {name: value for name, value in manifest.items() if name != "release_id"}
                proved = content_id(content) == manifest["release_id"]
            except (OSError, ValueError, AttributeError, KeyError, TypeError):
                proved = False
            if not proved:
                raise _changed(folder)
            found[folder.name] = Former(folder, manifest)
    ranks: dict[str, int] = {}

    def rank(name: str) -> int:
        if name not in ranks:
            ranks[name] = 0  # a ring cannot be: an id is the hash of what it names
            ranks[name] = 1 + max((rank(other) for other in found[name].after if other in found), default=-1)
        return ranks[name]

    return sorted(found.values(), key=lambda one: (rank(one.release_id), one.release_id))


def twin_of(named: Mapping[str, Any], formers: Sequence[Former]) -> Former | None:
    """The release that was built from these inputs before, by what its manifest says of them."""
    for one in formers:
        if KEY in one.manifest and all(one.manifest.get(name) == named.get(name) for name in _SAME):
            return one
    return None


def _of_manifest(former: Former, file: str) -> Path:
    """A file of a former release whose bytes are those its manifest names."""
    path = former.folder / file
    try:
        if sha256_file(path) == former.manifest["files"][file]["sha256"]:
            return path
    except (OSError, KeyError, TypeError):
        pass
    raise _changed(former.folder)


def _rows(former: Former, schema: Schema, more: Sequence[str]) -> list[Row]:
    """The rows of a public table; none of one that a release of an older format is from before."""
    file, of = f"public/data/{schema.name}.parquet", format_of(former.manifest)
    if may_lack_table(schema.name, of) and file not in former.manifest["files"]:
        return []
    with pq.ParquetFile(_of_manifest(former, file)) as parquet:
        names = parquet.schema_arrow.names
        blank: Row = {name: None for name in (*_NEEDED, *more) if name in may_lack(schema, of) and name not in names}
        wanted = [name for name in (*_NEEDED, *more) if name not in blank]
        if set(wanted) - set(names):
            raise _changed(former.folder)
        rows: list[Row] = parquet.read(columns=wanted, use_threads=False).to_pylist()
    return [blank | row for row in rows] if blank else rows


def look_of(former: Former) -> Look:
    """A former release as its readers have it, with its exact figures where the analysts' part is there.

    Refused when a file is not the one its manifest names.
    """
    try:
        measures, breakdowns = (
            _rows(former, schema, () if schema is columns.OUTCOMES else ("breakdown_kind", "breakdown_group"))
            for schema in _PUBLIC
        )  # fmt: skip
        rules = rules_of(former.manifest.get(KEY, {}).get("rules", {}))
    except (OSError, ValueError, KeyError, pa.ArrowException):
        raise _changed(former.folder) from None
    return Look(former.release_id, rules, measures, breakdowns, _exact(former))


def _exact(former: Former) -> dict[str, Row]:
    path = former.folder / _ANALYSTS
    if not path.is_file():
        return {}
    import duckdb

    found: dict[str, Row] = {}
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            held = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            for table in ("measures", "breakdowns"):
                if table not in held and may_lack_table(table, format_of(former.manifest)):
                    continue
                rows = connection.table(table).project(", ".join(_NEEDED))
                for row in (rows if table == "measures" else rows.filter(_SHOWN)).fetchall():
                    one = dict(zip(_NEEDED, row, strict=True))
                    if one["marker"] not in HIDDEN and one["value"] is None:
                        one["marker"] = "x"
                    found[one["figure_id"]] = one
    except duckdb.Error:
        raise _changed(former.folder) from None
    return found


def looks_of(formers: Sequence[Former]) -> list[Look]:
    """The last releases, the oldest first."""
    return [look_of(one) for one in formers[-REMEMBERED:]]


def manifest_entry(rules: Rules, after: Sequence[str]) -> dict[str, Any]:
    """What manifest.json says of disclosure control."""
    from dataclasses import asdict

    return {KEY: {"rules": asdict(rules), "after": list(after)}}
