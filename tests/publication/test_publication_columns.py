"""The columns a release writes are those that docs/reference/files.md promises, name by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from publication import columns

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "files.md").read_text()
SECTIONS = {part.split("\n")[0].strip(): part for part in re.split(r"\n### ", TEXT)[1:]}
# a step's value keeps its own number of decimals, which only a text column can
KINDS = {"exact": "decimal"}


@pytest.mark.parametrize(
    "schema", [*columns.PUBLIC, *columns.MEMBERS, columns.DISCLOSURE], ids=lambda schema: schema.name
)
def test_columns_are_those_of_the_reference(schema: columns.Schema) -> None:
    if schema is columns.PRIOR_POSTINGS:
        assert "Same columns as `postings`" in SECTIONS["prior_postings"]
        assert schema.columns == columns.POSTINGS.columns
        return
    documented = re.findall(r"^\| (\w+) \| (\w+) \| (.*?) \|$", SECTIONS[schema.name], re.MULTILINE)[1:]
    written = [(column.name, KINDS.get(column.kind, column.kind)) for column in schema.columns]
    assert written == [(name, kind) for name, kind, _ in documented if name != "column"]
    assert all(column.meaning for column in schema.columns)


def test_measures_are_outcomes_before_printing() -> None:
    assert [name for name in columns.OUTCOMES.names if name not in columns.MEASURES.names] == ["value_text"]
