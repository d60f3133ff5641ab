"""`datapackage.json`: what the CSV files of a folder hold, for programs that read them without knowing Outturn.

Belongs here: fields with their types and units, keys, links between tables, hash and size of every file (Frictionless
Data Package, Table Schema). Not here: the columns themselves (`columns`), writing the tables (`warehouse`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foundation.canonical import readable_json, sha256_file
from foundation.durable import write_bytes
from publication import columns
from publication.columns import FRICTIONLESS, Schema
from publication.inputs import Place

FILE = "datapackage.json"
_MARKERS = ["p", "w", "x", "c", "z"]
_UNITS = (("_pence", "pence"), ("_days", "days"), ("_pct", "per cent"), ("_score", "points"))
_IN_ITS_UNIT = ("value", "lower", "upper", "baseline_value")
_DEFINED = (("indicator_id", "indicator_version"), columns.INDICATORS, ("indicator_id", "version"))
_POSTED = (("agreement_id", "period_id", "line"), columns.POSTINGS, ("agreement_id", "period_id", "line"))
# table -> links: own columns, the table they lead to, its columns
LINKS: dict[Schema, tuple[tuple[tuple[str, ...], Schema, tuple[str, ...]], ...]] = {
    columns.OUTCOMES: (_DEFINED,),
    columns.BREAKDOWNS: (_DEFINED,),
    columns.SPC_POINTS: ((("figure_id",), columns.OUTCOMES, ("figure_id",)),),
    columns.COMPLETENESS: ((("indicator_id",), columns.INDICATORS, ("indicator_id",)),),
    columns.MEMBER_LINES: (_POSTED,),
    columns.PAYMENTS: (_POSTED,),
}


def key_of(schema: Schema) -> list[str]:
    """The columns that no two rows of a table share."""
    if schema.figure:
        return ["figure_id", "settlement_id"] if "settlement_id" in schema.names else ["figure_id"]
    return list(schema.order)


def _named(schema: Schema) -> str:
    return schema.name.replace("_", "-")


def _field(schema: Schema, column: columns.Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name, "type": FRICTIONLESS[column.kind], "description": column.meaning,
    }  # fmt: skip
    unit = next((words for ending, words in _UNITS if column.name.endswith(ending)), None)
    if unit is not None and column.kind in ("integer", "decimal"):
        field["unit"] = unit
    elif column.name in _IN_ITS_UNIT and "unit" in schema.names:
        field["unitField"] = "unit"
    if column.name == "marker":
        field["constraints"] = {"enum": _MARKERS}
    elif column.name in key_of(schema) and column.name != "settlement_id":
        field["constraints"] = {"required": True}
    return field


def resources(folder: Path, schemas: Sequence[Schema]) -> list[dict[str, Any]]:
    """One resource a CSV of the folder, as it lies there."""
    found = []
    for schema in schemas:
        path = folder / f"{schema.name}.csv"
        described: dict[str, Any] = {
            "fields": [_field(schema, column) for column in schema.columns], "missingValues": [""],
            "primaryKey": key_of(schema),
        }  # fmt: skip
        links = [
            {"fields": list(own), "reference": {"resource": _named(other), "fields": list(theirs)}}
            for own, other, theirs in LINKS.get(schema, ())
        ]
        if links:
            described["foreignKeys"] = links
        found.append(
            {"name": _named(schema), "path": path.name, "profile": "tabular-data-resource", "format": "csv",
             "mediatype": "text/csv", "encoding": "utf-8", "description": schema.comment,
             "bytes": path.stat().st_size, "hash": f"sha256:{sha256_file(path)}", "schema": described}
        )  # fmt: skip
    return found


def write_data_package(folder: Path, schemas: Sequence[Schema], place: Place, cut_id: str, of: str = "") -> None:
    """Write the description beside the tables. of: whose tables these are, where not everybody's."""
    package = {
        "profile": "tabular-data-package",
        "name": "-".join(part for part in ("outturn", place.id, of) if part),
        "title": f"{place.title} ({of})" if of else place.title,
        "description": f"{place.subtitle} {place.illustration_note}".strip(),
        "sources": [{"title": source.title} for source in place.sources],
        "licenses": [
            {"name": name, "title": name} for name in dict.fromkeys(source.licence for source in place.sources)
        ],
        "outturn:data_cut": cut_id,
        "resources": resources(folder, schemas),
    }
    write_bytes(folder / FILE, readable_json(package))
