"""A release as the version before wrote it: the same tables with the columns of that time, sealed again.

Nothing is kept as a file: the tables of a release of today are written again with what an older format had of them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from release_forgery import reseal

from foundation.canonical import readable_json
from publication import columns
from publication.columns import Schema
from publication.formats import WHOLE
from publication.reader import Release, open_release
from publication.warehouse import write_duckdb, write_pair

# what the version just before format 2 did not write: table -> columns, or the table
LAST_ADDED: Mapping[str, tuple[str, ...]] = {"revisions": WHOLE, "statement": ("if_unchanged_pence",)}
_UNCHANGED = re.compile(r'<span data-figure="[^"]*:if_unchanged">([^<]*)</span>')
_DATABASES = (("public/published.duckdb", columns.PUBLIC), ("analyst/analyst.duckdb", columns.ANALYST))


def narrower(schema: Schema, without: Mapping[str, tuple[str, ...]]) -> Schema | None:
    """The table without what was added to it; None where it was not there."""
    gone = without.get(schema.name)
    if gone == WHOLE and gone is not None:
        return None
    kept = tuple(column for column in schema.columns if column.name not in (gone or ()))
    return Schema(schema.name, schema.comment, tuple(name for name in schema.order if name not in (gone or ())), kept)


def as_before(release: Path, to: Path, without: Mapping[str, tuple[str, ...]] = LAST_ADDED) -> Path:
    """A copy of a release as a version wrote it that knew nothing of some tables and columns, under its own id.

    to: the folder of releases it is put into.
    """
    folder = to / "as-before"
    shutil.copytree(release, folder)
    found, gone = open_release(release), []
    for part, schemas in (("public/data", columns.PUBLIC), ("members", columns.MEMBERS)):
        for schema in schemas:
            there, rows = narrower(schema, without), found.parquet(f"{part}/{schema.name}.parquet", schema)
            if there is not None:
                write_pair(folder / part, there, rows)
                continue
            for suffix in ("csv", "parquet"):
                (folder / part / f"{schema.name}.{suffix}").unlink()
                gone.append(f"{part}/{schema.name}.{suffix}")
    for file, schemas in _DATABASES:
        _database_as_before(found, folder / file, file, schemas, without)
    # what did not describe itself then, or did so otherwise
    for name in ("public/data/datapackage.json", "members/datapackage.json"):
        (folder / name).unlink()
        gone.append(name)
    for page in sorted((folder / "public/site").glob("*.html")):
        # the sentence on what nothing changed would have paid was not printed yet
        page.write_text(_UNCHANGED.sub(r"\1", page.read_text()))
    reseal(folder, without=gone, of=1)
    return folder.rename(to / json.loads((folder / "manifest.json").read_bytes())["release_id"])


def _database_as_before(
    found: Release, path: Path, file: str, schemas: tuple[Schema, ...], without: Mapping[str, tuple[str, ...]]
) -> None:
    path.unlink()
    tables = {
        there: found.stored(file, schema) for schema in schemas if (there := narrower(schema, without)) is not None
    }
    write_duckdb(path, tables, "", views=False)


def of_a_later_format(folder: Path) -> None:
    """Let a copy say that it has a format that nobody knows yet."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(readable_json({**manifest, "format": 99}))
    reseal(folder)
