"""What moved from release to release: carried on, never telling what is hidden now, the same whenever it is made again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from foundation.errors import Refused
from publication import columns
from publication.inputs import ReleaseInputs
from publication.reader import open_release
from publication.release import _refuse_private_names, build_release
from publication.revisions import KEPT, revisions
from publication.verify import verify_release

FIRST, SECOND = date(2025, 5, 12), date(2025, 6, 12)
MOVED = "indicator:talking_therapies_reliable_recovery:E54000058:2023-04:value"


@pytest.fixture(scope="module")
def two(inputs: ReleaseInputs, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, ReleaseInputs]:
    """Two releases of one place, in the second of which one figure is one point higher."""
    releases = tmp_path_factory.mktemp("revisions")
    first = build_release(inputs, releases)
    rows = inputs.measures.to_pylist()
    for row in rows:
        if row["figure_id"] == MOVED:
            row["value"] += 1
    later = replace(
        inputs, measures=pa.Table.from_pylist(rows, schema=inputs.measures.schema), published=[(first, FIRST)]
    )
    return releases, first, build_release(later, releases), later


def _list(folder: Path) -> list[dict[str, object]]:
    return open_release(folder).public(columns.REVISIONS)


def test_a_release_lists_what_moved_since_the_one_before(two: tuple[Path, str, str, ReleaseInputs]) -> None:
    releases, first, second, _ = two
    assert [(r["what"], r["words"]) for r in _list(releases / first)] == [("release", "The first release.")]
    rows = _list(releases / second)
    assert [(r["sequence"], r["what"], r["release_id"], r["published_on"]) for r in rows] == [
        (1, "release", first, FIRST), (2, "figure", None, None), (2, "release", None, None),
    ]  # fmt: skip
    assert (rows[1]["name"], rows[1]["before"], rows[1]["after"], rows[1]["words"]) == (MOVED, "46", "47", "changed")
    assert rows[2]["words"] == "No statement moved. 1 figure is changed."
    page = (releases / second / "public/site/releases.html").read_text()
    assert f'<span data-figure="{MOVED}">47</span>' in page
    assert "12 May 2025" in page
    assert "This is release 2" in page
    assert "1 figure is changed" in (releases / second / "public/site/index.html").read_text()


def test_it_is_the_same_release_however_many_came_after(
    two: tuple[Path, str, str, ReleaseInputs], inputs: ReleaseInputs
) -> None:
    releases, first, second, later = two
    both = [(first, FIRST), (second, SECOND)]
    assert build_release(replace(inputs, published=both), releases) == first
    assert build_release(replace(later, published=both), releases) == second
    # a release that was published and is not here any more is passed over
    assert build_release(replace(later, published=[("0" * 64, FIRST), *both]), releases) == second


def test_verify_makes_the_list_again(
    two: tuple[Path, str, str, ReleaseInputs], tmp_path: Path, replace_text: Callable[[Path, str, str], None]
) -> None:
    releases, first, second, _ = two
    assert verify_release(releases / second, releases / first).problems == []
    copy = Path(shutil.copytree(releases / second, tmp_path / "copy"))
    rows = _list(copy)
    rows[1]["before"] = "45"
    from publication.warehouse import write_pair

    write_pair(copy / "public/data", columns.REVISIONS, rows)
    # the list alone does not tell: the seal does, and the release before
    said = [str(one) for one in verify_release(copy, releases / first)]
    assert any("does not follow from the release it says it follows" in one for one in said)
    rows[1]["after"] = "48"
    write_pair(copy / "public/data", columns.REVISIONS, rows)
    assert any("says 48 of a figure that is 47" in str(one) for one in verify_release(copy))
    rows[1] |= {"after": "47", "before": "46"}
    rows[2]["name"] = "0" * 64
    write_pair(copy / "public/data", columns.REVISIONS, rows)
    assert any("made for other figures" in str(one) for one in verify_release(copy))
    write_pair(copy / "public/data", columns.REVISIONS, rows[:2])
    assert any("one release after another" in str(one) for one in verify_release(copy))


def test_a_former_release_that_was_changed_is_refused(
    two: tuple[Path, str, str, ReleaseInputs], inputs: ReleaseInputs, tmp_path: Path
) -> None:
    releases, first, _, later = two
    elsewhere = tmp_path / "releases"
    shutil.copytree(releases / first, elsewhere / first)
    file = elsewhere / first / "public/data/statement.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(Refused, match="was changed: what moved since then cannot be told"):
        build_release(later, elsewhere)
    (elsewhere / first / "public/data/revisions.parquet").unlink()
    with pytest.raises(Refused, match="was changed: what moved since then cannot be told"):
        build_release(later, elsewhere)


def test_a_release_from_before_there_was_such_a_list_is_number_1(two: tuple[Path, str, str, ReleaseInputs]) -> None:
    releases, first, second, _ = two
    before = _Carrying(open_release(releases / first), [])
    rows = revisions(before, {first: FIRST}, "basis", _tables(releases / second))  # type: ignore[arg-type]
    assert [(r["sequence"], r["words"]) for r in rows if r["what"] == "release"] == [
        (1, "From before releases listed what moved."), (2, "No statement moved. 1 figure is changed."),
    ]  # fmt: skip


def _tables(release: Path) -> dict[str, list[dict[str, object]]]:
    found = open_release(release)
    return {
        one.name: found.public(one)
        for one in (columns.OUTCOMES, columns.BREAKDOWNS, columns.INDICATORS, columns.STATEMENT)
    }


def test_what_is_hidden_now_is_not_read_in_the_list(two: tuple[Path, str, str, ReleaseInputs]) -> None:
    releases, _, second, _ = two
    tables = _tables(releases / second)
    for row in tables["outcomes"]:
        if row["figure_id"] == MOVED:
            row |= {"value": None, "marker": "c", "value_text": "[c]"}
    rows = revisions(open_release(releases / second), {}, "basis", tables)
    mine = [(r["sequence"], r["before"], r["after"], r["words"]) for r in rows if r["name"] == MOVED]
    assert mine == [(2, None, None, "changed"), (3, None, "[c]", "no longer shown")]
    assert not {"46", "47"} & set(json.dumps([r["before"] for r in rows] + [r["after"] for r in rows]).split('"'))


def test_money_that_moves_stays_in_the_list_for_good(two: tuple[Path, str, str, ReleaseInputs]) -> None:
    releases, _, second, _ = two
    former = open_release(releases / second)
    tables = _tables(releases / second)
    line = tables["statement"][0]
    was = int(str(line["alliance_total_pence"]))
    line["alliance_total_pence"] = was - 250
    rows = revisions(former, {second: SECOND}, "basis", tables)
    moved = next(r for r in rows if r["what"] == "statement")
    assert (moved["sequence"], moved["difference_pence"], moved["words"]) == (3, -250, "changed")
    itself = next(r for r in rows if r["what"] == "release" and not r["release_id"])
    assert itself["words"] == "The statements together move by −£2.50. No figure moved."
    assert next(r for r in rows if r["sequence"] == 2 and r["what"] == "release")["published_on"] == SECOND
    # carried on again and again: figures go after twelve releases, money and releases stay
    for _ in range(KEPT):
        carried = rows
        rows = revisions(_Carrying(former, carried), {}, "basis", tables)
    assert [r["what"] for r in rows].count("figure") == 0
    assert sorted(r["sequence"] for r in rows if r["what"] == "release") == list(range(1, 4 + KEPT))
    assert [r["difference_pence"] for r in rows if r["what"] == "statement" and r["sequence"] == 3] == [-250]


class _Carrying:
    """A release that says it carries another list."""

    def __init__(self, release: object, rows: list[dict[str, object]]) -> None:
        self._release, self._rows = release, rows

    def __getattr__(self, name: str) -> object:
        return getattr(self._release, name)

    def public(self, schema: columns.Schema) -> object:
        return self._rows if schema is columns.REVISIONS else self._release.public(schema)


def test_a_figure_of_a_network_is_listed_and_no_other_sender_is_named(tmp_path: Path) -> None:
    """A network's figure that moved is named by its id, also when only the former release has it."""
    senders: Any = SimpleNamespace(data_cut={"submissions": [
        {"submission_id": "s-1", "organisation": "U12345"}, {"submission_id": "s-2", "organisation": "RJ1"}
    ]})  # fmt: skip
    view: Any = SimpleNamespace(outcomes=[], breakdowns=[])
    moved = "breakdown:four_week_quit:E09000011:2024-25:pcn:{}:value"

    def judge(group: str, words: str) -> None:
        rows = [{"what": "figure", "name": moved.format(group), "words": words}]
        (tmp_path / "revisions.csv").write_text(f"name,words\n{rows[0]['name']},{words}\n")
        _refuse_private_names(tmp_path, senders, (), view, rows)

    judge("U12345", "gone")
    with pytest.raises(Refused, match=r"revisions.csv would name RJ1"):
        judge("U12345", "gone since RJ1 sent nothing")
    (tmp_path / "outcomes.csv").write_text("words\nU12345 sent nothing\n")
    with pytest.raises(Refused, match=r"outcomes.csv would name U12345"):
        judge("U12345", "gone")
