"""A release of a borough: pages, funnels, groups of figures, analysts' events, verify, explain and compare."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import people_fixture as people
import pyarrow.parquet as pq
import pytest
import release_fixture as made

from foundation.canonical import canonical_json, content_id, readable_json, sha256_bytes
from foundation.errors import Refused
from foundation.tables import write_csv, write_parquet
from publication import columns
from publication.compare import compare_releases
from publication.explain import explain, to_json
from publication.funnel import Z, funnel_of, position
from publication.inputs import LeftOut, ReleaseInputs
from publication.reader import Release
from publication.release import build_release, manifest_of, seal_of
from publication.verify import verify_release

SCALE = 1.0
LEVELS = ("Failure", "Poor", "Minimum", "Stretch", "Game-breaking")
PART = f"breakdown:health_check_uptake:{people.AREA}:2024-25:deprivation:1:value"


@pytest.fixture(scope="session")
def borough(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of a borough with one settled year; tests must not write to it."""
    releases = tmp_path_factory.mktemp("borough")
    return releases / build_release(people.build_settled(SCALE), releases)


@pytest.fixture
def spoilt(borough: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(borough, tmp_path / "spoilt"))


def _page(release: Path, name: str) -> str:
    return (release / "public" / "site" / name).read_text()


def _said(release: Path) -> str:
    return "\n".join(str(problem) for problem in verify_release(release))


def _rewrite(release: Path, schema: columns.Schema, change: Callable[[dict[str, Any]], None]) -> None:
    """Change rows of a public table in CSV and Parquet, and seal again, as a forger would."""
    folder = release / "public" / "data"
    rows = Release(release).public(schema)
    for row in rows:
        change(row)
    write_csv(folder / f"{schema.name}.csv", schema.names, rows)
    write_parquet(folder / f"{schema.name}.parquet", made.table(schema, rows))
    manifest = json.loads((release / "manifest.json").read_bytes())
    fresh = manifest_of(release, people.build_settled(SCALE))
    manifest["files"] = fresh["files"]
    manifest.pop("release_id")
    (release / "manifest.json").write_bytes(readable_json({"release_id": content_id(manifest), **manifest}))
    (release / "seal.json").write_bytes(readable_json(seal_of(release)))


def test_a_release_of_people_proves_itself(borough: Path) -> None:
    report = verify_release(borough)
    assert list(report) == []
    assert "1 agreement recomputed" in report.summary


def test_every_indicator_has_a_page_and_the_summary_begins_with_what_counts(borough: Path) -> None:
    text = _page(borough, "index.html")
    for name in people.SHAPES:
        page = f"indicator-{name.replace('_', '-')}.html"
        assert page in text
        assert (borough / "public" / "site" / page).is_file()
    assert text.index("Figures that count") < text.index("Watched beside them")
    assert text.index("Opiate treatment completed") < text.index("Watched beside them")
    assert text.count("<table>") == 2
    assert "posting:greenwich-public-health:2024-25:top_up" in text


def test_pages_say_which_group_and_which_dates_are_scored(borough: Path) -> None:
    text = _page(borough, "index.html")
    assert "Most deprived fifth only, measured 1 October 2023 to 30 September 2024" in text
    assert "Measured 1 April 2023 to 31 March 2024" in text, "twelve months before"
    page = _page(borough, "indicator-health-check-uptake.html")
    assert "most deprived fifth alone" in page


def test_a_figure_too_small_to_score_says_so(borough: Path) -> None:
    rows = pq.read_table(borough / "members" / "kpi_return.parquet").to_pylist()
    small = {row["indicator_id"] for row in rows if row["quality_status"] == "too_small"}
    for name in small:
        assert "too small to score" in _page(borough, f"indicator-{name.replace('_', '-')}.html").lower()


def test_the_statement_without_target_cost_tells_of_base_and_top_up(borough: Path) -> None:
    text = _page(borough, "statement.html")
    assert "is paid whatever the score" in text
    assert "top-up pool of £480,000.00" in text
    assert "saving" not in text.split("How it was worked out")[1].split("<table>")[0].lower()
    assert "step:greenwich-public-health:2024-25:base" in text
    assert "advance" not in text.lower(), "what one member may draw is for members"
    members = (borough / "members" / "site" / "index.html").read_text()
    assert "Top-up by member" in members


def test_the_public_statement_prints_no_exact_value_of_people(borough: Path) -> None:
    """What is scored is exact and for members; the public steps name the figure and its score."""
    text = _page(borough, "statement.html")
    steps = text[text.index("The steps for the alliance as a whole") :]
    assert "Score of G1 (Opiate treatment completed, not back within six months)</th>" in steps
    assert "published value" not in steps
    assert "published value" in (borough / "members" / "site" / "index.html").read_text()


def test_a_score_that_would_tell_of_a_hidden_quarter_is_left_out(tmp_path: Path) -> None:
    """In a small place a quarter of the measured year is hidden: an exact year beside the others would give it away."""
    inputs = people.build_settled(0.3)
    small = tmp_path / build_release(inputs, tmp_path)
    quarters = [
        row for row in Release(small).public(columns.OUTCOMES)
        if row["indicator_id"] == "sustained_recovery" and row["period_kind"] == "quarter" and row["marker"] == "c"
    ]  # fmt: skip
    assert quarters
    statement = _page(small, "statement.html")
    assert "step:greenwich-public-health:2024-25:score.G2" not in statement
    assert Release(small).public(columns.STATEMENT)[0]["kpi_score"] is None
    assert list(verify_release(small)) == []


def test_networks_are_funnels_in_code_order_without_levels(borough: Path) -> None:
    """CNI-22: no network has a level, and none is ranked."""
    for name in ("four_week_quit", "care_home_admissions_65_over", "emergency_admissions", "discharge_delay"):
        page = _page(borough, f"indicator-{name.replace('_', '-')}.html")
        section = page[page.index("By primary care network</h2>") : page.index("Years and quarters")]
        assert not [level for level in LEVELS if level in section]
        assert not re.search(r"\b(rank|best|worst|league)", section, re.IGNORECASE)
        codes = re.findall(r"Network (ZPN\d)", section)
        assert codes == sorted(codes)
        if name == "emergency_admissions":
            assert "one person can have several of these events" in section
            assert "99.8 % limits" not in section and "outside the" not in section
        elif name != "discharge_delay":
            assert "what chance alone gives" in section
            assert "99.8 % limits" in section
        else:
            assert "No limits are drawn" in section


def test_drawings_have_titles_and_tables_beside_them(borough: Path) -> None:
    page = _page(borough, "indicator-four-week-quit.html")
    drawings = re.findall(r"<svg[^>]*role=\"img\"[^>]*aria-labelledby=\"([^\"]+)\"", page)
    assert len(drawings) == len(set(drawings)) == 8
    for key in drawings:
        assert f'<title id="{key}">' in page
    for heading in ("By deprivation of the neighbourhood", "By age", "By primary care network"):
        assert f">{heading}</h2>" in page
        assert f"{heading}, " in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_trend_without_points_of_a_control_chart_is_a_line_of_twelve_months(borough: Path) -> None:
    assert "Twelve months at a time" in _page(borough, "indicator-health-check-uptake.html")
    assert "Month by month" in _page(borough, "indicator-four-week-quit.html")


def test_the_public_tables_hold_groups_of_years_and_no_person(borough: Path) -> None:
    rows = pq.read_table(borough / "public" / "data" / "breakdowns.parquet").to_pylist()
    assert rows
    assert {row["period_kind"] for row in rows} == {"year", "rolling_year"}
    assert "unknown" not in {row["breakdown_group"] for row in rows}
    for name in people.SHAPES:
        assert (
            len({r["period_id"] for r in rows if (r["indicator_id"], r["period_kind"]) == (name, "rolling_year")}) == 1
        )
    tokens = people.events_table(people.everything(SCALE)[2]).column("person_token").to_pylist()[:50]
    public = "".join(p.read_text() for p in (borough / "public").rglob("*") if p.suffix in (".html", ".csv", ".json"))
    assert not [token for token in tokens if token in public]


def test_analysts_hold_every_group_and_every_event(borough: Path) -> None:
    measures, breakdowns, events = people.everything(SCALE)
    found = Release(borough).duckdb("analyst/analyst.duckdb")
    assert len(found["breakdowns"]) == len(breakdowns)
    assert len(found["measures"]) == len(measures)
    assert "indicator_events" not in found, "events are read apart: they are many"
    mine = Release(borough).events(["treatment_wait"])
    assert len(mine) == sum(event["indicator_id"] == "treatment_wait" for event in events)
    assert set(mine.column_names) == set(columns.INDICATOR_EVENTS.names)


def test_events_in_any_order_give_the_same_contents(borough: Path, tmp_path: Path) -> None:
    from publication.warehouse import contents_hash, events_table, read_duckdb, write_duckdb

    inputs = people.build_settled(SCALE)
    assert inputs.events is not None
    backwards = inputs.events.take(list(reversed(range(inputs.events.num_rows))))
    written = []
    for name, events in (("forwards", inputs.events), ("backwards", backwards)):
        written.append(tmp_path / f"{name}.duckdb")
        write_duckdb(written[-1], {columns.INDICATOR_EVENTS: events_table(events)}, "", views=False)
    one, other = (read_duckdb(path)["indicator_events"]["rows"] for path in written)
    assert one == other
    order = [tuple(row[name] or "\x7f" for name in columns.INDICATOR_EVENTS.order) for row in one]
    assert [tuple(map(str, row)) for row in order] == sorted(tuple(map(str, row)) for row in order)
    assert contents_hash(written[0]) == contents_hash(written[1])
    with pytest.raises(Refused, match="person_token"):
        events_table(inputs.events.drop_columns(["person_token"]))


def test_a_network_may_be_named_as_a_group_and_never_as_a_sender(borough: Path) -> None:
    assert "ZPN3" in (borough / "public" / "data" / "breakdowns.csv").read_text()
    assert "ZPN3" not in _page(borough, "data-quality.html")
    assert "ZPN3" not in (borough / "public" / "data" / "outcomes.csv").read_text()


# --- verify and explain


def test_a_changed_group_is_named(spoilt: Path) -> None:
    def better(row: dict[str, Any]) -> None:
        if row["figure_id"] == PART:
            row["value"] += 1

    _rewrite(spoilt, columns.BREAKDOWNS, better)
    said = _said(spoilt)
    assert f"public/data/breakdowns.parquet: {PART}" in said
    assert "follows from its numerator and denominator" in said
    assert "follows from the analysts' tables" in said


def test_an_exact_count_in_public_is_named(spoilt: Path) -> None:
    exact = {row["figure_id"]: row for row in people.everything(SCALE)[1]}

    def open_up(row: dict[str, Any]) -> None:
        if row["figure_id"] == PART:
            row["numerator"], row["denominator"] = exact[PART]["numerator"] // 5 * 5 + 1, exact[PART]["denominator"]

    _rewrite(spoilt, columns.BREAKDOWNS, open_up)
    assert f"{PART}: shows a numerator that should be hidden or rounded" in _said(spoilt)


def test_a_group_that_should_be_hidden_is_named(spoilt: Path) -> None:
    rows = Release(spoilt).public(columns.BREAKDOWNS)
    hidden = next(row for row in rows if row["marker"] == "c")

    def open_up(row: dict[str, Any]) -> None:
        if row["figure_id"] == hidden["figure_id"]:
            row |= {"marker": None, "reason": None, "numerator": Decimal(10), "denominator": Decimal(120),
                    "value": Decimal("8.3")}  # fmt: skip

    _rewrite(spoilt, columns.BREAKDOWNS, open_up)
    assert f"public/data/breakdowns.parquet: {hidden['figure_id']}" in _said(spoilt)


def test_a_groups_figure_leads_to_its_area_and_its_files(borough: Path) -> None:
    text = to_json(explain(borough, PART))
    assert "most deprived fifth" in text
    assert f"indicator:health_check_uptake:{people.AREA}:2024-25:value" in text
    assert "definition" in text
    hashes = {sent["sha256"] for sent in people.data_cut()["submissions"] if sent["covers_from"] == "2024-04-01"}
    assert hashes <= set(re.findall(r"\b[0-9a-f]{64}\b", text))
    assert explain(borough, PART.replace(":value", ":numerator")).figure_id == PART


def test_a_lagged_kpi_leads_to_the_months_it_measures(borough: Path) -> None:
    text = to_json(explain(borough, "kpi:greenwich-public-health:G2:2024-25:value"))
    assert f"indicator:sustained_recovery:{people.AREA}:2024-03-r12:value" in text
    assert "1 April 2023 to 31 March 2024" in text


def test_a_posting_of_top_up_leads_through_its_steps(borough: Path) -> None:
    text = to_json(explain(borough, "posting:greenwich-public-health:2024-25:top_up"))
    assert "Top-up pool of the period" in text


# --- funnels


def test_funnel_limits_are_those_of_the_formula() -> None:
    rows = [
        {"value": Decimal(20), "numerator": Decimal(n), "denominator": Decimal(d)} for n, d in ((20, 100), (60, 300))
    ]
    funnel = funnel_of(rows, "percent", "proportion")
    assert funnel is not None
    low, high = funnel.limits(Decimal(100), "95")
    assert float(high) == pytest.approx(100 * (0.2 + 1.959963984540054 * (0.2 * 0.8 / 100) ** 0.5))
    assert float(low) == pytest.approx(100 * (0.2 - 1.959963984540054 * (0.2 * 0.8 / 100) ** 0.5))
    assert position(Decimal("27.9"), Decimal(100), funnel, 1) == "outside the 95 % limits"
    assert position(Decimal("27.8"), Decimal(100), funnel, 1) == "inside the limits"
    assert position(Decimal("35.0"), Decimal(100), funnel, 1) == "outside the 99.8 % limits"
    rates = [{"value": Decimal(0), "numerator": Decimal(n), "denominator": Decimal(6000)} for n in (10, 20)]
    rate = funnel_of(rates, "per 100,000", "crude_rate")
    assert rate is not None
    assert rate.centre == 3000, "30 events in 1,000 person-years"
    assert float(rate.limits(Decimal(6000), "99.8")[1]) == pytest.approx(3000 * (1 + float(Z["99.8"]) / 15**0.5))
    assert funnel_of(rows, "days", "mean") is None


# --- compare


def test_a_release_compared_with_itself_has_no_differences(borough: Path) -> None:
    found = compare_releases(borough, borough)
    assert not found
    assert found.summary == "Nothing changed between the two releases."


FEW = ("treatment_wait", "four_week_quit")


def _few(inputs: ReleaseInputs) -> ReleaseInputs:
    """The same place with two of its indicators: quick to build twice."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tables = {}
    for name in ("measures", "breakdowns", "spc_points", "indicators", "completeness", "events"):
        table = getattr(inputs, name)
        tables[name] = table.filter(pc.is_in(table.column("indicator_id"), value_set=pa.array(FEW)))
    return replace(inputs, **tables)


def _on_cut(inputs: ReleaseInputs, cut: dict[str, Any]) -> ReleaseInputs:
    required = canonical_json({**json.loads(inputs.required_json), "data_cut_id": content_id(cut)})
    bound = {"data_cut_id": content_id(cut), "required_hash": sha256_bytes(required)}
    verdicts = {name: canonical_json({**json.loads(raw), **bound}) for name, raw in inputs.verdicts.items()}
    return replace(inputs, data_cut=cut, required_json=required, verdicts=verdicts)


def _late(cut: dict[str, Any]) -> dict[str, Any]:
    """The last submission of one network."""
    return next(s for s in cut["submissions"] if s["organisation"] == "ZPN2" and s["covers_from"] > "2025")


def test_only_what_changed_is_listed(tmp_path: Path) -> None:
    """A late file of a network changes one month's figure and its quarter's."""
    inputs = _few(people.build_inputs(SCALE))
    first = tmp_path / build_release(inputs, tmp_path)
    rows = inputs.measures.to_pylist()
    for row in rows:
        if row["indicator_id"] == "treatment_wait" and row["period_id"] in ("2025-05", "2025-26-q1"):
            row["value"] += 5
    cut = people.data_cut()
    cut["submissions"].append({**_late(cut), "submission_id": "f" * 64, "sequence": 2, "sha256": "a" * 64})
    changed = _on_cut(replace(inputs, measures=made.table(columns.MEASURES, rows)), cut)
    revised = tmp_path / build_release(changed, tmp_path)
    found = compare_releases(first, revised)
    figures = {change.name: change for change in found.changes if change.table == "figure"}
    place = f"indicator:treatment_wait:{people.AREA}"
    assert set(figures) == {f"{place}:{label}:value" for label in ("2025-05", "2025-26-q1")}
    month = figures[f"{place}:2025-05:value"]
    assert Decimal(month.after.split()[0]) - Decimal(month.before.split()[0]) == 5
    assert {(c.change, c.name) for c in found.changes if c.table == "submission"} == {
        ("new", "f" * 64), ("superseded", _late(people.data_cut())["submission_id"]),
    }  # fmt: skip
    assert {change.table for change in found.changes} == {"figure", "submission"}
    assert "2 figures were changed." in found.summary
    assert found.rows() == compare_releases(Release(first), Release(revised)).rows()
    back = compare_releases(revised, first)
    assert {c.change for c in back.changes if c.table == "submission"} == {"gone"}


def test_a_settlement_that_came_is_a_difference_in_pounds(inputs: ReleaseInputs, release: Path, tmp_path: Path) -> None:
    empty = replace(inputs, settlements=(), ledger=inputs.ledger.slice(0, 0), kpi_return=inputs.kpi_return.slice(0, 0))
    first = tmp_path / build_release(empty, tmp_path)
    found = compare_releases(first, release)
    posting = "posting:derbyshire-real-only:2024-25:gain"
    assert [(c.name, c.change, c.difference, c.after) for c in found.changes if c.table == "posting"] == [
        (posting, "added", "93765432", "£937,654.32")
    ]
    assert {change.table for change in found.changes} == {"kpi", "verdict", "score", "posting", "member", "terms"}
    parts = [int(change.difference) for change in found.changes if change.table == "member"]
    assert sum(parts) == 93765432
    assert len(parts) > 3
    assert "The postings together differ by £937,654.32." in found.summary
    shutil.copytree(release, tmp_path / "public-only")
    for part in ("members", "analyst"):
        shutil.rmtree(tmp_path / "public-only" / part)
    public = compare_releases(first, tmp_path / "public-only")
    assert any("members/" in note for note in public.notes)
    assert {c.table for c in public.changes} == {"posting", "terms"}


def test_the_share_left_out_for_opt_outs_is_published_and_small_numbers_are_not(tmp_path: Path) -> None:
    """Who opted out biases figures: the share is told by extract, from rounded counts, and never of a few."""
    left_out = (LeftOut("surveys", 941, 58), LeftOut("visits", 941, 7), LeftOut("waits", 500, 0))
    inputs = replace(people.build_inputs(), left_out=left_out)
    release = tmp_path / build_release(inputs, tmp_path)
    told = json.loads((release / "members" / "lineage.json").read_bytes())["left_out"]
    assert told == [
        {"feed": "surveys", "share_pct": "6.0"},
        {"feed": "visits", "share_pct": None},
        {"feed": "waits", "share_pct": "0.0"},
    ]
    page = _page(release, "data-quality.html")
    assert "6.0 %" in page
    assert "0.0 %" in page
    assert page.index("Visits") < page.index("[c]", page.index("Visits")) < page.index("Waits")
    assert "left out because they opted out" not in _page(
        tmp_path / build_release(people.build_inputs(), tmp_path), "data-quality.html"
    )
