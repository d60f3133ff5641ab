"""Whoever knows nothing but Frictionless reads every table of a release: types, keys, links, hashes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from release_forgery import reseal

from foundation.canonical import readable_json, sha256_file
from publication import columns
from publication.columns import Schema
from publication.crosscheck import descriptions_agree
from publication.data_package import LINKS, key_of, write_data_package
from publication.inputs import ReleaseInputs
from publication.reader import open_release
from publication.verify import verify_release

FOLDERS = (("public/data", columns.PUBLIC), ("members", columns.MEMBERS))


def report_of(folder: Path) -> tuple[bool, list[str]]:
    """What frictionless says of a package: whether it is valid, and its complaints."""
    from frictionless import Package

    report = Package(str(folder / "datapackage.json")).validate()
    said = [error.message for task in report.tasks for error in task.errors]
    return report.valid, [*said, *(error.message for error in report.errors)]


@pytest.mark.parametrize(("folder", "schemas"), FOLDERS)
def test_frictionless_finds_every_table_as_described(release: Path, folder: str, schemas: Sequence[Schema]) -> None:
    """ISSUE8: frictionless checks green: bytes, hashes, types, keys and links of every CSV."""
    assert report_of(release / folder) == (True, [])
    package = json.loads((release / folder / "datapackage.json").read_bytes())
    assert [resource["path"] for resource in package["resources"]] == [f"{schema.name}.csv" for schema in schemas]
    for resource, schema in zip(package["resources"], schemas, strict=True):
        path = release / folder / resource["path"]
        assert resource["hash"] == f"sha256:{sha256_file(path)}"
        assert resource["bytes"] == path.stat().st_size
        with path.open(newline="") as file:
            assert [entry["name"] for entry in resource["schema"]["fields"]] == next(csv.reader(file))
        assert resource["schema"]["primaryKey"] == key_of(schema)
        units = {entry["name"]: entry.get("unit") for entry in resource["schema"]["fields"]}
        assert all(unit == "pence" for name, unit in units.items() if name.endswith("_pence"))
        assert len(resource["schema"].get("foreignKeys", ())) == len(LINKS.get(schema, ()))


def _cell(column: str, value: str) -> Callable[[list[dict[str, str]]], None]:
    return lambda rows: rows[0].update({column: value})


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        (columns.OUTCOMES, _cell("value", "many"), "many"),
        (columns.OUTCOMES, _cell("indicator_version", "99"), "foreign key"),
        (columns.OUTCOMES, lambda rows: rows.append(rows[0]), "primary key"),
        (columns.OUTCOMES, _cell("marker", "q"), "enum"),
        (columns.COMPLETENESS, _cell("indicator_id", ""), "required"),
    ],
)
def test_frictionless_notices_what_is_wrong(
    copy: Path, inputs: ReleaseInputs, table: Schema, change: Callable[[list[dict[str, str]]], None], said: str
) -> None:
    """A check that could not fail would prove nothing: the description is made anew, so that hashes are right."""
    path = copy / "public" / "data" / f"{table.name}.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, table.names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_data_package(path.parent, columns.PUBLIC, inputs.place, inputs.data_cut_id)
    valid, errors = report_of(path.parent)
    assert not valid
    assert any(said in error.lower() for error in errors), errors


@pytest.mark.parametrize("folder", ["public/data", "members"])
def test_verify_notices_a_description_of_other_tables(copy: Path, folder: str) -> None:
    path = copy / folder / "datapackage.json"
    package: dict[str, Any] = json.loads(path.read_bytes())
    package["resources"][0]["schema"]["fields"][0]["type"] = "integer"
    path.write_bytes(readable_json(package))
    wanted = f"{folder}/datapackage.json: describes other tables than those beside it."
    assert [str(problem) for problem in descriptions_agree(open_release(copy))] == [wanted]
    if folder == "members":
        reseal(copy)
        assert [str(problem) for problem in verify_release(copy)] == [wanted]
