"""The floor: canonical bytes, durable writes, periods, figure ids, tables."""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.canonical import canonical_json, content_id
from foundation.durable import append_lines, new_directory, swap_pointer, sweep, write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.figures import figure_id, parse_figure_id
from foundation.home import Home
from foundation.period import financial_year_of, month_of, months_between, parse_period, quarter_of
from foundation.tables import csv_bytes

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none()))
def test_canonical_bytes_ignore_the_order_of_keys(value: dict[str, object]) -> None:
    shuffled = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(shuffled)
    assert content_id(value) == content_id(shuffled)


def test_a_float_has_no_canonical_form() -> None:
    """A float in anything hashed would make the hash depend on who wrote it."""
    with pytest.raises(TypeError, match="float"):
        canonical_json({"value": 0.1})
    assert canonical_json({"value": Decimal("453.10")}) == b'{"value":"453.10"}\n'


@given(DAYS)
def test_every_day_lies_in_one_month_quarter_and_year(day: date) -> None:
    """GRW-39: the same days under different calendars nest without gap or overlap."""
    month, quarter, year = month_of(day), quarter_of(day), financial_year_of(day)
    assert year.contains(quarter)
    assert quarter.contains(month)
    assert month.start <= day <= month.end
    assert (quarter_of(quarter.start), quarter_of(quarter.end)) == (quarter, quarter)
    assert quarter_of(quarter.end + timedelta(days=1)) != quarter
    assert parse_period(quarter.label) == quarter
    assert parse_period(month.label) == month
    assert sum(item.days for item in months_between(month_of(quarter.start), month_of(quarter.end))) == quarter.days


def test_labels_of_the_financial_year() -> None:
    assert parse_period("2024-25").start == date(2024, 4, 1)
    assert parse_period("2025-26-q1").end == date(2025, 6, 30)
    assert parse_period("2024-25-q4").start == date(2025, 1, 1)
    assert parse_period("2023-24").days == 366
    for wrong in ("2024-26", "2024-13", "2024-25-q5", "24-25", "2024-25-q0", ""):
        with pytest.raises(WrongUsage, match="is not a period"):
            parse_period(wrong)


def test_figure_ids_follow_their_grammar() -> None:
    text = "posting:derbyshire-real-only:2024-25:gain"
    assert str(parse_figure_id(text)) == text
    assert figure_id("kpi", agreement="a", kpi="D1", period="2024-25", measure="score") == "kpi:a:D1:2024-25:score"
    assert parse_figure_id("indicator:x:E54000058:2025-26-q1:value")["area"] == "E54000058"
    for wrong in (
        "posting:a:2024-25",
        "nothing:a:b",
        "kpi:a:D1:2024-25:Score",
        "posting:a b:2024-25:gain",
        "posting:a:2024-99:gain",
    ):
        with pytest.raises(WrongUsage):
            parse_figure_id(wrong)


def test_a_killed_writer_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "figure"
    write_bytes(target, b"old")

    def die(*_: object) -> None:
        raise OSError("killed")

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(OSError, match="killed"):
        write_bytes(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["figure"]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    final = tmp_path / "release"
    with pytest.raises(RuntimeError), new_directory(final) as folder:
        (folder / "half").write_text("x")
        raise RuntimeError
    assert not final.exists()
    with new_directory(final) as folder:
        (folder / "whole").write_text("x")
    with new_directory(final) as folder:
        (folder / "other").write_text("y")
    assert [path.name for path in final.iterdir()] == ["whole"], "what was published is never replaced"
    (tmp_path / ".tmp-left-over").mkdir()
    assert sweep(tmp_path) == 1


def test_an_open_reader_keeps_what_it_opened(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "id").write_text(name)
    swap_pointer(tmp_path / "current", "one")
    with (tmp_path / "current" / "id").open() as reader:
        swap_pointer(tmp_path / "current", "two")
        assert reader.read() == "one"
    assert (tmp_path / "current" / "id").read_text() == "two"


def test_log_lines_are_whole(tmp_path: Path) -> None:
    append_lines(tmp_path / "log", b"one\n")
    append_lines(tmp_path / "log", b"two\nthree\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\nthree\n"
    with pytest.raises(ValueError, match="whole lines"):
        append_lines(tmp_path / "log", b"four\nfi")


def test_a_spreadsheet_runs_no_cell_of_ours() -> None:
    """Text that a spreadsheet would take for a formula is escaped; negative numbers stay numbers."""
    text = csv_bytes(["a", "b"], [{"a": "=1+1", "b": Decimal("-2.50")}, {"a": "@x", "b": None}]).decode()
    assert text == "a,b\n'=1+1,-2.50\n'@x,\n"


def test_a_vault_others_can_read_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create(demo=True, place="derbyshire")
    home.require_private_vault()
    home.vault.chmod(0o755)
    with pytest.raises(Refused, match="read by others"):
        home.require_private_vault()
