"""The catalogue: complete definitions pass, a missing or doubtful field is refused by file and field name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dbt_lake import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dbt_project.catalogue import COLUMNS, DIRECTORY, Indicator, catalogue_rows, catalogue_table, load_catalogue
from foundation.errors import Refused

DAILY = ["daily_discharge_return"]
TEXT_FIELDS = [
    name for name, field in Indicator.model_fields.items() if field.annotation is str and name != "indicator_id"
]


def _definition() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(
        (DIRECTORY / "no_criteria_to_reside.yaml").read_text(encoding="utf-8")
    )
    return loaded


def _write(folder: Path, content: dict[str, Any], name: str = "no_criteria_to_reside.yaml") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8") as handle:
        YAML(typ="safe", pure=True).dump(content, handle)
    return path


def test_the_catalogue_holds_its_four_indicators_of_days() -> None:
    """Outcome, definition, owner and source stand with every indicator (catalogue lint)."""
    found = {indicator.indicator_id: indicator for indicator in load_catalogue() if not indicator.person_level}
    assert {name: (one.statistic, one.value_decimals, one.polarity) for name, one in found.items()} == {
        "no_criteria_to_reside": ("census_mean", 1, "low"),
        "no_criteria_to_reside_per_100_discharges": ("ratio_of_sums", 1, "low"),
        "talking_therapies_reliable_recovery": ("published_percentage", 0, "high"),
        "discharged_by_1700": ("proportion", 1, "high"),
    }
    assert found["no_criteria_to_reside"].improvement_direction == "decrease"
    assert found["no_criteria_to_reside"].spc_fix_after == 24


def test_every_indicator_has_a_model_and_every_model_an_indicator() -> None:
    models = {path.stem.removeprefix("ind_").split("__")[0] for path in (PROJECT / "models/indicators").rglob("*.sql")}
    counted = [indicator for indicator in load_catalogue() if not indicator.returned]
    assert models == {indicator.indicator_id for indicator in counted}
    for indicator in counted:
        assert list((PROJECT / "models/indicators" / indicator.domain).glob(f"ind_{indicator.indicator_id}__*.sql"))


@pytest.mark.parametrize("field", [name for name, field in Indicator.model_fields.items() if field.is_required()])
def test_a_missing_field_is_named_with_its_file(tmp_path: Path, field: str) -> None:
    """SWK-09: an indicator that is neither clinical nor functional is refused, like any with a part missing."""
    content = _definition()
    del content[field]
    path = _write(tmp_path, content)
    with pytest.raises(Refused, match=rf"{path.name}, field {field}: Field required"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_a_blank_text_is_no_definition(tmp_path: Path, field: str) -> None:
    _write(tmp_path, {**_definition(), field: "  "})
    with pytest.raises(Refused, match=rf"field {field}: String should have at least 1 character"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ownr": "x"}, "field ownr"),
        ({"max_missing_pct": 10.0}, "field max_missing_pct.*in quotes"),
        ({"max_missing_pct": "110"}, "field max_missing_pct"),
        ({"statistic": "mode"}, "field statistic"),
        ({"feeds": []}, "field feeds"),
        ({"feeds": ["deaths", "deaths"]}, "field feeds.*twice"),
        ({"period_kinds": ["week"]}, "field period_kinds"),
        ({"breakdowns": ["all"]}, "field breakdowns"),
        ({"follow_up_days": -1}, "field follow_up_days"),
        ({"indicator_id": "another"}, "field indicator_id: it says 'another'"),
        ({"version": 0}, "field version"),
        ({"population_basis": "everybody"}, "field population_basis.*resident, registered, caseload or cohort"),
        ({"references": [{"scheme": "phof", "id": "19a", "read": "in_full"}]}, "field references.0: .*no id of phof"),
        ({"references": [{"scheme": "phof", "id": "C19a"}]}, "field references.0.read"),
        ({"references": [], "bridge": None}, "references: a national definition needs the id it is published under"),
        ({"bridge": None}, "bridge: say why the local figure differs"),
        ({"local_or_national": "local", "references": []}, "bridge: name the national figure it leads to"),
        ({"clinical_or_functional": "clinical"}, "clinical_reviewer: a clinical definition needs one"),
        ({"clinical_reviewer": "Head of urgent care, integrated care board"}, "cannot review their own definition"),
        ({"feeds": ["aggregate_kpi_return", "deaths"]}, "feeds: what aggregate_kpi_return carries stands alone"),
        ({"follow_up_days": 30}, "maturity: a figure is mature after 30 follow_up_days; name them"),
        ({"look_back_days": 9}, "look_back_feeds: name the feeds the look_back_days are for"),
        ({"look_back_days": 9, "look_back_feeds": DAILY}, "measurement_window: name the 9 look_back_days"),
        ({"look_back_days": 9, "look_back_feeds": ["carers"]}, "look_back_feeds: carers is not among its feeds"),
        ({"allowance_days": 90, "allowance_feeds": DAILY}, "allowance_reason: say why the allowance_days are needed"),
        ({"allowance_days": 90, "allowance_feeds": DAILY}, "allowance_days: they come after a follow-up"),
        ({"allowance_days": 90, "allowance_feeds": DAILY}, "maturity: name the 90 allowance_days"),
        ({"by_last_day": True}, "by_last_day: census_mean of these feeds is made of a whole period"),
        (
            {"measurement_window": "The last day of the period"},
            "by_last_day: measurement_window speaks of the last day",
        ),
        ({"family": "Beds"}, "field family"),
        ({"apart_because": None, "denominator_counts": ["beds"]}, "family: name the family whose people"),
        ({"apart_because": None, "family_lead": True}, "family: name the family whose people"),
        ({"family": "beds"}, "apart_because: it has a family; take one of the two out"),
        ({"family": "beds", "denominator_counts": ["Beds now"]}, "words like"),
        ({"family": "beds", "denominator_counts": ["beds", "beds"]}, "field denominator_counts.*twice"),
        ({"family": "beds", "numerator_counts": ["beds"]}, "numerator of a census_mean is no number of people"),
        ({"case_values": [0]}, "case_values: the least"),
    ],
)
def test_a_doubtful_entry_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    _write(tmp_path, {**_definition(), **change})
    with pytest.raises(Refused, match=said):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("four_week_quit", {"numerator_counts": ["elsewhere"]}, "numerator_counts: a part of denominator_counts"),
        ("four_week_quit", {"by_last_day": True}, "measurement_window: say that by_last_day"),
        ("people_waiting", {"by_last_day": False}, "by_last_day: measurement_window speaks of the last day"),
        ("emergency_admissions_65_over", {"denominator_counts": ["other_65_over"]}, "is time at risk, not people"),
        ("discharge_delay", {"case_values": []}, "case_values: the least and"),
        ("discharge_delay", {"case_values": [91, 0]}, "case_values: one or two whole numbers"),
        ("four_week_quit", {"family": None, "family_lead": False, "numerator_counts": [], "denominator_counts": []},
         "four_week_quit is counted from the feeds and the population of four_week_quit_self_reported, and says neither"),
        ("four_week_quit", {"family_lead": False}, "smoking_quits needs one member with family_lead"),
        ("four_week_quit_self_reported", {"family_lead": True}, "smoking_quits needs one member with family_lead"),
        ("quit_lost_to_follow_up", {"numerator_counts": ["gone"], "denominator_counts": ["gone", "there"]},
         "quit_lost_to_follow_up shares no count with another member of the family smoking_quits"),
    ],
)  # fmt: skip
def test_a_family_that_does_not_hold_is_refused(tmp_path: Path, name: str, change: dict[str, Any], said: str) -> None:
    """CNI-22: whoever counts the same people says so, and how, or says why it does not matter."""
    kin = ("four_week_quit", "four_week_quit_self_reported", "quit_lost_to_follow_up")
    for one in kin if name in kin else (name,):
        content = YAML(typ="safe", pure=True).load((DIRECTORY / f"{one}.yaml").read_text(encoding="utf-8"))
        _write(tmp_path, {**content, **(change if one == name else {})}, f"{one}.yaml")
    with pytest.raises(Refused, match=said):
        load_catalogue(tmp_path)


def test_a_former_version_is_of_its_successors_family() -> None:
    found = {one.indicator_id: one for one in load_catalogue()}
    alone, kin = found["opiate_treatment_completion"], found["four_week_quit"]
    assert (alone.family, alone.beside.family, alone.beside.family_lead) == (None, alone.indicator_id, False)
    assert (kin.family_lead, kin.beside.family, kin.beside.family_lead) == (True, "smoking_quits", False)


def test_what_is_missing_is_said_with_what_to_write(tmp_path: Path) -> None:
    """GRW-14, THM-14: no figure without outcome and metric, no clinical definition without a reviewer."""
    content = _definition()
    del content["metric"], content["clinical_reviewer"]
    _write(tmp_path, content)
    with pytest.raises(Refused, match=r"field metric: Field required \(the measured figure in one phrase") as refused:
        load_catalogue(tmp_path)
    assert "field clinical_reviewer: Field required (the role that reviews" in str(refused.value)
    assert "docs/how-to/add-an-indicator.md" in str(refused.value)


def test_terms_and_catalogue_speak_of_the_same_people_and_version() -> None:
    """Whom a scored figure is about, in which version, stands the same in the terms that score it."""
    house = {indicator.indicator_id: indicator for indicator in load_catalogue()}
    scored = [
        (path.parent / "indicators", kpi)
        for path in sorted((PROJECT.parent / "agreements").glob("*/*.yaml"))
        for kpi in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))["framework"]["kpis"]
        if "indicator_id" in kpi
    ]
    assert len(scored) > 40
    own = {folder: load_catalogue(folder) if folder.exists() else () for folder in dict.fromkeys(f for f, _ in scored)}
    for folder, kpi in scored:
        one = {**house, **{item.indicator_id: item for item in own[folder]}}[kpi["indicator_id"]]
        assert (kpi["population_basis"], kpi["indicator_version"]) == (one.population_basis, one.version), kpi["id"]
        assert kpi["polarity"] == one.polarity, kpi["id"]


def test_unreadable_files_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="holds no indicator"):
        load_catalogue(tmp_path)
    (tmp_path / "twice.yaml").write_text("name: a\nname: b\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"twice\.yaml cannot be read as YAML"):
        load_catalogue(tmp_path)
    (tmp_path / "twice.yaml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"twice\.yaml holds no definition"):
        load_catalogue(tmp_path)


@given(st.sampled_from(TEXT_FIELDS), st.text(alphabet="abc", min_size=1))
def test_the_hash_moves_with_every_word(field: str, words: str) -> None:
    """THM-04: a baseline and what it is compared with have one definition hash."""
    original = Indicator.model_validate(_definition())
    changed = Indicator.model_validate({**_definition(), field: words})
    assert (changed.definition_hash == original.definition_hash) == (getattr(original, field) == words)


def test_rows_fit_the_source_and_keep_their_types() -> None:
    rows = catalogue_rows()
    assert [set(row) for row in rows] == [set(COLUMNS)] * len(rows)
    assert {row["max_missing_pct"].as_tuple().exponent for row in rows} == {-2}
    table = catalogue_table()
    assert tuple(table.column_names) == COLUMNS
    assert str(table.schema.field("max_missing_pct").type) == "decimal128(5, 2)"
    hypertension = next(row for row in table.to_pylist() if row["indicator_id"] == "hypertension_treated")
    assert hypertension["reference_ids"] == "cvdprevent:CVDP007HYP"
    assert hypertension["clinical_reviewer"] == "General practitioner, long-term conditions lead"
    limits = {row["indicator_id"]: row["max_missing_pct"] for row in table.to_pylist()}
    assert limits["no_criteria_to_reside"] == Decimal("10.00")
    # sums over organisations that cannot leave single days out: no day may be missing
    assert limits["emergency_admissions"] == Decimal("0.00")
