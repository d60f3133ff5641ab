"""Whether the files of a release agree with each other and with the arithmetic they state.

Belongs here: one figure in CSV, Parquet, DuckDB, workbook and pages; value against numerator and denominator;
public against members. Not here: hashes (sealed), computing a settlement again (verify).
A figure is named whenever one can be.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from foundation.errors import OutturnError
from foundation.tables import cell_text
from publication import columns
from publication.columns import Schema
from publication.data_package import FILE as DESCRIPTION
from publication.data_package import resources
from publication.disclosure import multiplier_of
from publication.formats import FORMAT
from publication.inputs import Row
from publication.pages.book import score_text, step_text
from publication.reader import Release, Unreadable
from publication.wording import money, number, rounded, value_text
from publication.workbook import HEAD_ROW, SHEETS, heading, table_cells


@dataclass(frozen=True)
class Problem:
    """One thing that differs: the file, the figure where there is one, and what is written against what should be."""

    file: str
    message: str
    figure_id: str = ""

    def __str__(self) -> str:
        figure = f" {self.figure_id}:" if self.figure_id else ""
        return f"{self.file}:{figure} {self.message}"


def row_name(schema: Schema, row: Row) -> str:
    """The figure id of a row, or the values that identify it."""
    if schema.figure:
        return str(row["figure_id"])
    if schema is columns.LEDGER:
        return f"ledger:{row['agreement_id']}:{row['period_id']}:{row['member_id']}"
    return " ".join(cell_text(row[name]) for name in schema.order)


def _keyed(schema: Schema, rows: Iterable[Row]) -> dict[tuple[str, ...], Row]:
    names = (
        ["figure_id", "settlement_id"]
        if schema.figure and "settlement_id" in schema.names
        else (["figure_id"] if schema.figure else list(schema.order))
    )
    return {tuple(cell_text(row[name]) for name in names): row for row in rows}


def compare_rows(
    schema: Schema, file: str, found: Sequence[Row], wanted: Sequence[Row], other: str
) -> Iterator[Problem]:
    """Problems of `file` whose rows should be those of `other`."""
    left, right = _keyed(schema, found), _keyed(schema, wanted)
    if len(left) != len(found):
        yield Problem(file, "holds a row twice.")
    for key, row in right.items():
        own = left.pop(key, None)
        if own is None:
            yield Problem(file, f"is missing here, and stands in {other}.", row_name(schema, row))
            continue
        for name in schema.names:
            if own[name] != row[name]:
                here, there = cell_text(own[name]) or "blank", cell_text(row[name]) or "blank"
                yield Problem(file, f"{name} is {here} here and {there} in {other}.", row_name(schema, row))
                break
    for row in left.values():
        yield Problem(file, f"stands here, and not in {other}.", row_name(schema, row))


def _attempt(problems: list[Problem], read: Any) -> Any:
    try:
        return read()
    except Unreadable as fault:
        problems.append(Problem(fault.file, fault.message.removeprefix(fault.file).strip()))
        return None


def _of_members(release: Release) -> tuple[Schema, ...]:
    """The tables of the members' part; what is hidden is told where something had to be."""
    told = release.has(f"members/{columns.DISCLOSURE.name}.parquet")
    return (*columns.MEMBERS, columns.DISCLOSURE) if told else columns.MEMBERS


def tables_agree(release: Release, changed: set[str]) -> list[Problem]:
    """CSV, Parquet and DuckDB of every table hold the same rows.

    changed: files whose hash is wrong. Between two files that differ the changed one is blamed.
    """
    problems: list[Problem] = []
    for folder, schemas in (("public/data", columns.PUBLIC), ("members", _of_members(release))):
        if not release.has(folder.split("/")[0]):
            continue
        database = (
            _attempt(problems, lambda: release.database("public/published.duckdb")) if folder == "public/data" else None
        )
        for schema in schemas:
            names = [f"{folder}/{schema.name}.parquet", f"{folder}/{schema.name}.csv"]
            found: dict[str, list[Row]] = {}
            for name in names:
                reading = release.csv if name.endswith(".csv") else release.parquet
                rows = _attempt(problems, lambda name=name, reading=reading, schema=schema: reading(name, schema))
                if rows is not None:
                    found[name] = rows
            if database is not None:
                try:
                    found["public/published.duckdb"] = release.stored("public/published.duckdb", schema)
                except OutturnError as fault:
                    problems.append(Problem("public/published.duckdb", fault.message))
            if len(found) < 2:
                continue
            reference = min(found, key=lambda name: (name in changed, not name.endswith(".parquet"), name))
            for name, rows in found.items():
                if name != reference:
                    problems += compare_rows(schema, name, rows, found[reference], reference)
    return problems


def _structure(resources: Any) -> list[Any]:
    """What a data package says of its tables without words, keys and links, of which every version says more."""
    return [
        (one["path"], one["bytes"], one["hash"], [(field["name"], field["type"]) for field in one["schema"]["fields"]])
        for one in resources
    ]


def _describes(release: Release, found: Any, wanted: list[dict[str, Any]]) -> bool:
    try:
        if release.format == FORMAT:
            return bool(found["resources"] == wanted)
        return _structure(found["resources"]) == _structure(wanted)
    except (KeyError, TypeError):
        return False


def descriptions_agree(release: Release, older: list[str] | None = None) -> list[Problem]:
    """Every data package describes the tables beside it: fields, keys, links, hashes; of a release of an older format
    columns, types and hashes. older: takes what could not be compared for that reason."""
    problems: list[Problem] = []
    for folder, schemas in (("public/data", columns.PUBLIC), ("members", _of_members(release))):
        file = f"{folder}/{DESCRIPTION}"
        if not release.has(folder):
            continue
        if file not in release.manifest["files"]:
            if release.format == FORMAT:
                problems.append(Problem(file, "is missing: every release of this format has it."))
            elif older is not None:
                older.append(f"{file} is not part of it: no description of these tables was compared.")
            continue
        held = [release.written(f"{folder}/{schema.name}.parquet", schema) for schema in schemas]
        here = [schema for schema in held if schema is not None]
        if any(not release.has(f"{folder}/{schema.name}.csv") for schema in here) or not release.has(file):
            continue  # what is missing is named where tables are compared
        if not _describes(release, release.json(file), resources(release.root / folder, here)):
            problems.append(Problem(file, "describes other tables than those beside it."))
        elif release.format != FORMAT and older is not None:
            older.append(f"The words of {file} were not compared: this version words them otherwise.")
    return problems


# --- arithmetic that the public files state about themselves ------------------------------------------------------


def quotient(row: Row, unit: str, statistic: str, decimals: int) -> Decimal | None:
    """Value that follows from numerator and denominator, half up at the precision; None where it cannot be told."""
    multiplier = multiplier_of(unit, statistic)
    if multiplier is None or row["numerator"] is None or not row["denominator"]:
        return None
    exact = Fraction(row["numerator"]) * multiplier / Fraction(row["denominator"])
    scaled = exact * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole).scaleb(-decimals)


def public_agrees(release: Release, outcomes: Sequence[Row]) -> list[Problem]:
    """Values follow from their parts, print as they should, and are those that members and analysts see."""
    problems: list[Problem] = []
    file = "public/data/outcomes.parquet"
    catalogue = release.catalogue
    for row in outcomes:
        entry = catalogue.get(row["indicator_id"])
        if entry is None:
            problems.append(Problem(file, "has no definition in the catalogue.", row["figure_id"]))
            continue
        wanted = value_text(row["value"], entry["value_decimals"], row["marker"])
        if row["value_text"] != wanted:
            problems.append(Problem(file, f"prints {row['value_text']}, and {wanted} is its value.", row["figure_id"]))
        if row["marker"] in ("w", "x", "c", "z") and any(
            row[name] is not None for name in ("value", "numerator", "denominator", "lower", "upper")
        ):
            problems.append(Problem(file, "is marked as hidden and shows digits.", row["figure_id"]))
        wanted_value = quotient(row, entry["unit"], entry["statistic"], entry["value_decimals"])
        if row["value"] is not None and wanted_value is not None and row["value"] != wanted_value:
            problems.append(
                Problem(file, f"is {row['value']}, and {wanted_value} follows from its numerator and denominator.",
                        row["figure_id"])
            )  # fmt: skip
    values = {row["figure_id"]: row["value"] for row in outcomes}
    for point in release.public(columns.SPC_POINTS):
        if values.get(point["figure_id"]) != point["value"]:
            problems.append(
                Problem("public/data/spc_points.parquet", f"plots {point['value']}, and the outcome is "
                        f"{values.get(point['figure_id'])}.", point["figure_id"])
            )  # fmt: skip
    return problems


def members_agree(release: Release, outcomes: Sequence[Row]) -> list[Problem]:
    """The KPI return follows from its parts and is what the public sees; the statement is what is posted."""
    problems: list[Problem] = []
    catalogue = release.catalogue
    shown = {
        (r["indicator_id"], r["area_code"], r["period_id"], r["period_kind"]): r for r in outcomes
        if r["value"] is not None
    }  # fmt: skip
    exempt = set(release.lineage.get("exempt", ()))
    for row in release.members(columns.KPI_RETURN):
        entry = catalogue.get(row["indicator_id"])
        decimals = row["value_decimals"]
        if entry is not None and row["value"] is not None and decimals is not None:
            follows = quotient(row, row["unit"] or entry["unit"], entry["statistic"], decimals)
            if follows is not None and follows != row["value"]:
                problems.append(
                    Problem("members/kpi_return.parquet", f"is {row['value']}, and {follows} follows from its "
                            "numerator and denominator.", row["figure_id"])
                )  # fmt: skip
        public = shown.get((row["indicator_id"], row["area_code"], row["period_id"], row["period_kind"]))
        same_precision = entry is not None and entry["value_decimals"] == decimals
        if public is not None and same_precision and row["indicator_id"] in exempt and public["value"] != row["value"]:
            problems.append(
                Problem("members/kpi_return.parquet", f"is {row['value']}, and the public figure "
                        f"{public['figure_id']} is {public['value']}.", row["figure_id"])
            )  # fmt: skip
    postings = {(r["figure_id"]): r for r in release.members(columns.POSTINGS)}
    for row in release.public(columns.STATEMENT):
        posted = postings.get(row["figure_id"])
        if posted is None or posted["amount_pence"] != row["alliance_total_pence"]:
            problems.append(
                Problem("public/data/statement.parquet", f"states {money(row['alliance_total_pence'])}, and "
                        f"{money(posted['amount_pence']) if posted else 'nothing'} is posted.", row["figure_id"])
            )  # fmt: skip
    return problems


def analyst_agrees(release: Release, outcomes: Sequence[Row]) -> list[Problem]:
    """What the public sees of openly published figures is what the analysts' database holds."""
    problems: list[Problem] = []
    file = "analyst/analyst.duckdb"
    measures = {r["figure_id"]: r for r in release.stored(file, columns.MEASURES)}
    exempt = set(release.lineage.get("exempt", ())) if release.has("members") else set()
    for row in outcomes:
        found = measures.get(row["figure_id"])
        if found is None:
            problems.append(Problem(file, "is missing here.", row["figure_id"]))
        elif row["value"] is not None and row["indicator_id"] in exempt:
            decimals = release.catalogue[row["indicator_id"]]["value_decimals"]
            if found["value"] is None or rounded(found["value"], decimals) != row["value"]:
                problems.append(
                    Problem(file, f"is {found['value']} here and {row['value']} in public.", row["figure_id"])
                )
    return problems


# --- pages and workbook -------------------------------------------------------------------------------------------


class _Figures(HTMLParser):
    """Collects the text of every element that carries a figure id."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self._open: list[str] | None = None
        self._figure = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        figure = dict(attrs).get("data-figure")
        if tag == "span" and figure:
            self._figure, self._open = figure, []

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "span" and self._open is not None:
            self.found.append((self._figure, "".join(self._open)))
            self._open = None


def printed_figures(release: Release) -> dict[str, str]:
    """What pages print for each figure id that the tables of this copy hold."""
    printed = {row["figure_id"]: row["value_text"] for row in release.public(columns.OUTCOMES)}
    for row in release.public(columns.BREAKDOWNS):
        decimals = release.catalogue[row["indicator_id"]]["value_decimals"]
        printed[row["figure_id"]] = value_text(row["value"], decimals, row["marker"])
    printed |= {row["figure_id"]: money(row["alliance_total_pence"]) for row in release.public(columns.STATEMENT)}
    printed |= {
        f"{row['figure_id']}:if_unchanged": money(row["if_unchanged_pence"])
        for row in release.public(columns.STATEMENT)
        if row["if_unchanged_pence"] is not None
    }
    if release.has("members"):
        printed |= {row["figure_id"]: money(row["amount_pence"]) for row in release.members(columns.POSTINGS)}
        printed |= {row["figure_id"]: money(row["amount_pence"]) for row in release.members(columns.MEMBER_LINES)}
        printed |= {row["figure_id"]: money(row["amount_pence"]) for row in release.members(columns.PAYMENTS)}
        for row in release.members(columns.STEPS):
            printed[row["figure_id"]] = step_text(row)
            printed[f"{row['figure_id']}:rounded"] = score_text(row)
        for row in release.members(columns.KPI_RETURN):
            printed[row["figure_id"]] = (
                "–" if row["value"] is None else number(row["value"], row["value_decimals"] or 0)
            )
        totals: dict[str, int] = {}
        for row in release.members(columns.LEDGER):
            name = row_name(columns.LEDGER, row)
            totals[name] = totals.get(name, 0) + row["amount_pence"]
        printed |= {name: money(pence) for name, pence in totals.items()}
    return printed


def pages_agree(release: Release) -> list[Problem]:
    """Every figure on every page is printed as the tables say."""
    printed = printed_figures(release)
    problems: list[Problem] = []
    for folder in ("public/site", "members/site"):
        for path in sorted((release.root / folder).glob("*.html")):
            file = path.relative_to(release.root).as_posix()
            parser = _Figures()
            parser.feed(path.read_text(errors="replace"))
            for figure, text in parser.found:
                if figure.startswith(("step:",)) and not release.has("members"):
                    continue
                if figure not in printed:
                    problems.append(Problem(file, f"prints {text} for a figure that no table holds.", figure))
                elif text != printed[figure]:
                    problems.append(Problem(file, f"prints {text}, and {printed[figure]} is its value.", figure))
    return problems


def workbook_agrees(release: Release, older: list[str] | None = None) -> list[Problem]:
    """Every cell of outcomes.xlsx is the one that follows from the tables. older: takes that a workbook of an older
    format, which may be laid out otherwise, could not be compared."""
    from openpyxl import load_workbook

    file = "public/outcomes.xlsx"
    raw = release.raw(file)
    held = ((release.written(f"public/data/{schema.name}.parquet", schema), schema) for schema in columns.PUBLIC)
    tables = {written: release.public(schema) for written, schema in held if written is not None}
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True)
        sheets = set(book.sheetnames)
        found = {
            schema: [list(row) for row in book[SHEETS[schema.name]].iter_rows(min_row=HEAD_ROW, values_only=True)]
            for schema in tables
            if SHEETS[schema.name] in sheets or release.format == FORMAT
        }
    except Exception:
        return [Problem(file, "cannot be read as a workbook.")]
    if release.format != FORMAT and not all(_is_laid_out(s, rows, found.get(s)) for s, rows in tables.items()):
        if older is not None:
            older.append(f"{file} is laid out otherwise than this version does it: its cells were not compared.")
        return []
    problems: list[Problem] = []
    for schema, rows in tables.items():
        problems += _cells_agree(file, schema, rows, found[schema])
    return problems


def _is_laid_out(schema: Schema, rows: Sequence[Row], lines: Sequence[list[Any]] | None) -> bool:
    """Whether a sheet has its headings where this version puts them."""
    wanted = [heading(column) for column in schema.columns] if rows else []
    return lines is not None and (not rows or (bool(lines) and lines[0][: len(wanted)] == wanted))


def _cells_agree(file: str, schema: Schema, rows: Sequence[Row], lines: Sequence[list[Any]]) -> Iterator[Problem]:
    """Problems of one sheet: its headings, then each row by its place."""
    sheet, wanted = SHEETS[schema.name], [[heading(column) for column in schema.columns]] if rows else []
    names = ["", *(row_name(schema, row) for row in rows)]
    wanted += [table_cells(schema, row) for row in rows]
    for place, (name, cells) in enumerate(zip(names, wanted, strict=False)):
        if place >= len(lines):
            yield Problem(file, f"is missing on the sheet {sheet}.", name)
            continue
        for column, cell, own in zip(schema.columns, cells, [*lines[place], *[None] * len(cells)], strict=False):
            shown = own.date() if isinstance(own, datetime) else own
            if shown != cell:
                yield Problem(file, f"{sheet} prints {shown} for {column.name}, and {cell} follows.", name)
                break
    if len(lines) > len(wanted):
        yield Problem(file, f"holds {len(lines) - len(wanted)} rows too many on the sheet {sheet}.")


def relative_names(root: Path) -> set[str]:
    """Every file below a folder by relative name."""
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()}
