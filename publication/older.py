"""What a release of an older format does not hold, in words for whoever reads or proves it.

Belongs here: the tables and columns it lacks, and the sentences. Not here: which a format may lack (`formats`), reading
what is there (`reader`).
"""

from __future__ import annotations

from collections.abc import Sequence

from publication import columns
from publication.columns import Schema
from publication.formats import FORMAT, WHERE_NEEDED
from publication.reader import Release
from publication.wording import listed

_DATABASE = "analyst/analyst.duckdb"
_FOLDERS: Sequence[tuple[str, Sequence[Schema]]] = (
    ("public/data", columns.PUBLIC),
    ("members", (*columns.MEMBERS, columns.DISCLOSURE)),
)


def lacking(release: Release, *, analyst: bool = False) -> list[str]:
    """Tables and columns that a release of an older format does not hold, as `public/data/revisions` and
    `public/data/statement.if_unchanged_pence`; none of one of today's format.

    analyst: whether the analysts' database is looked into as well. Of a part that is not here nothing is said.
    """
    if release.format == FORMAT:
        return []
    places = [
        (f"{folder}/{schema.name}", f"{folder}/{schema.name}.parquet", schema)
        for folder, schemas in _FOLDERS if release.has(folder) for schema in schemas
    ]  # fmt: skip
    if analyst and release.has(_DATABASE):
        places += [(f"analyst/{schema.name}", _DATABASE, schema) for schema in columns.ANALYST]
    found = []
    for name, file, schema in places:
        written = release.written(file, schema)
        if written is None:
            # one that is there only where needed is no sign of age
            found += [name] if schema.name not in WHERE_NEEDED else []
        else:
            found += [f"{name}.{column}" for column in schema.names if column not in written.names]
    return found


def age(release: Release) -> str:
    """Of which format it is and who wrote it; blank for one of today's format."""
    if release.format == FORMAT:
        return ""
    wrote = release.manifest.get("code_version", "another version")
    return f"has format {release.format}, as Outturn {wrote} wrote it; this version writes format {FORMAT}"


def told(release: Release, called: str = "This release", *, analyst: bool = False) -> list[str]:
    """What a reader of a release of an older format must know; nothing of one of today's format."""
    said = age(release)
    if not said:
        return []
    absent = lacking(release, analyst=analyst)
    if not absent:
        return [f"{called} {said}."]
    return [f"{called} {said}.", f"It does not hold {listed(absent)}: read as blank, never as zero."]


__all__ = ["age", "lacking", "told"]
