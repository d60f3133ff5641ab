"""Terms: what is accepted, what is refused with line and mend, one hash (CNI-01, CNI-04, CNI-12, CNI-32, DER-02)."""

from __future__ import annotations

import random
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_world import PERIOD, RAW, ROOT, settle_simply, terms_with
from top_up_world import DERBYSHIRE, changed, greenwich

from foundation.errors import OutturnError, WrongUsage
from settlement.allocate import Allocation
from settlement.periods import period_of_kind
from settlement.pool import take_loss
from settlement.restate import take_held_back
from settlement.score import Score
from settlement.statement import Given, Statement
from settlement.terms import load_terms, terms_schema
from settlement.yaml_lines import LARGEST_BYTES, TermsError

LINE = re.compile(r"line \d+: ")


def _error(raw: bytes) -> OutturnError | None:
    """What loading refuses with; None if it loads. Anything else ends the test with its traceback."""
    try:
        load_terms(raw)
    except OutturnError as told:
        return told
    return None


def _line_of(text: bytes) -> int:
    return RAW[: RAW.index(text)].count(b"\n") + 1


def test_the_real_agreement() -> None:
    """DER-06: contract model, outcomes and financial terms stand in one record."""
    terms = load_terms(RAW)
    assert terms.id == "derbyshire-real-only"
    assert [kpi.id for kpi in terms.paid_kpis] == ["D1"]
    assert terms.member_ids == (
        "acute-trust",
        "city-council",
        "community-trust",
        "county-council",
        "mental-health-trust",
    )
    assert terms.approver_ids == (*sorted([*terms.member_ids, "integrated-care-board"]),)
    assert terms.agreement.shadow
    assert terms.agreement.illustrative
    assert [period.label for period in terms.settlement_periods()] == ["2024-25"]
    assert [period.label for period in terms.settlement_periods(date(2026, 4, 30))] == ["2024-25", "2025-26", "2026-27"]
    with pytest.raises(WrongUsage):
        terms.period("2023-24")
    with pytest.raises(WrongUsage):
        terms.target("2025-26")
    with pytest.raises(WrongUsage):
        terms.period("2024-25-q1")


def test_kpi_rows_for_the_warehouse() -> None:
    rows = load_terms(RAW).kpi_rows()
    assert [(row["kpi_id"], row["role"]) for row in rows] == [("D1", "paid"), ("D2", "monitored"), ("D3", "monitored")]
    assert rows[0]["stretch"] == Decimal(430)
    assert (rows[1]["failure"], rows[1]["baseline_value"]) == (None, None)
    assert list(rows[0]) == [
        "agreement_id",
        "kpi_id",
        "indicator_id",
        "indicator_version",
        "area_code",
        "role",
        "value_decimals",
        "polarity",
        "unit",
        "baseline_value",
        "failure",
        "poor",
        "minimum",
        "stretch",
        "game_breaking",
        "max_missing_pct",
        "population_basis",
        "effective_from",
        "effective_to",
        "settle_by",
        "breakdown_kind",
        "breakdown_group",
        "measurement_lag_months",
        "least_denominator",
        "least_count",
    ]
    assert {tuple(row.values())[-5:] for row in rows} == {("all", "all", 0, None, None)}


def test_spend_levels_are_rows_for_the_warehouse() -> None:
    """DER-23: the levels of the page's example, each from its first day; terms without them hash as before."""
    page = (ROOT / "docs" / "reference" / "terms.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(spend_levels:\n.*?)```", page, re.S)
    assert example
    rows = load_terms(RAW + b"\n" + example[1].encode()).spend_level_rows()
    assert [tuple(row.values()) for row in rows] == [
        ("derbyshire-real-only", 5, "acute-trust", None, date(2024, 4, 1), None),
        ("derbyshire-real-only", 4, "community-trust", None, date(2024, 4, 1), None),
        ("derbyshire-real-only", 3, "community-trust", "home-teams", date(2024, 10, 1), None),
    ]
    assert load_terms(RAW).spend_level_rows() == []
    assert load_terms(RAW).terms_hash != load_terms(RAW + b"\n" + example[1].encode()).terms_hash


def test_schema_is_the_published_one() -> None:
    published = ROOT / "docs" / "reference" / "terms.schema.json"
    assert published.read_bytes() == terms_schema(), (
        "run: python -c 'from settlement.terms import terms_schema; import sys; "
        "sys.stdout.buffer.write(terms_schema())' > docs/reference/terms.schema.json"
    )


def test_every_entry_is_described() -> None:
    from settlement.terms import Terms

    text = (ROOT / "docs" / "reference" / "terms.md").read_text()
    for name, part in {"Terms": Terms.model_json_schema(), **Terms.model_json_schema()["$defs"]}.items():
        for entry in part["properties"]:
            assert f"`{entry}`" in text, f"docs/reference/terms.md does not describe {entry} of {name}"


def test_two_layouts_have_one_hash() -> None:
    terms = load_terms(RAW)
    data = yaml.load(RAW, Loader=yaml.BaseLoader)
    assert terms_with().terms_hash == terms.terms_hash
    assert terms_with({"parties.members.0.share_pct": "38.00"}).terms_hash == terms.terms_hash
    members = list(reversed(data["parties"]["members"]))
    assert terms_with({"parties.members": members}).terms_hash == terms.terms_hash
    assert load_terms(b"# a remark\n\n" + RAW + b"\n# another\n").terms_hash == terms.terms_hash
    assert load_terms(RAW.replace(b"\n", b"\r\n")).terms_hash == terms.terms_hash
    for path, value in (
        ("parties.members.0.turnover_gbp", "620000000.01"),
        ("framework.kpis.0.levels.stretch", "430.1"),
        ("finance.target_cost.0.baseline_gbp", 143100001),
        ("gate.integrity.0", "cut.other"),
        ("agreement.shadow", False),
        ("finance.corridor.shared_from", "beyond"),
        ("finance.gain.cap_pct_of_target", None),
    ):
        assert terms_with({path: value}).terms_hash != terms.terms_hash, path


def _standards(*agreed: dict[str, Any]) -> dict[str, Any]:
    """D2 and D3 as must-pass KPIs, and these standards on gain."""
    gates = {f"framework.kpis.{index}.{name}": value for index in (1, 2) for name, value in _GATE.items()}
    return {**gates, "finance.gain.score_factor": None, "finance.gain.standards": list(agreed)}


_GATE = {"role": "gate", "must_reach": 50}
RULES: list[tuple[str, dict[str, Any], str]] = [
    ("CNI-12 shares", {"parties.members.0.share_pct": 39}, "sum to 101"),
    ("CNI-12 no share", {"parties.members.4.share_pct": 0, "parties.members.0.share_pct": 44}, "holds no share"),
    ("waiver without need", {"parties.members.0.zero_share_waiver": "x"}, "needs no waiver"),
    ("CNI-32 outcome", {"framework.kpis.0.outcome": "elsewhere"}, "is no outcome here"),
    ("CNI-04 weights", {"framework.kpis.0.weight": 99}, "weights"),
    ("no weight", {"framework.kpis.0.weight": 0}, "weighs nothing"),
    ("CNI-01 order", {"framework.kpis.0.levels.stretch": 300}, "not in order"),
    ("CNI-01 polarity", {"framework.kpis.0.polarity": "high"}, "not in order"),
    ("CNI-01 complete", {"framework.kpis.0.levels.stretch": None}, "levels.stretch` is missing"),
    ("DER-02 process", {"framework.kpis.0.kind": "process"}, "is no outcome"),
    ("paid without levels", {"framework.kpis.0.levels": None}, "no `levels`"),
    ("paid without baseline", {"framework.kpis.0.baseline": None}, "no `baseline`"),
    ("monitored with weight", {"framework.kpis.1.weight": 1}, "never scored"),
    ("gate without threshold", {"framework.kpis.1.role": "gate"}, "no `must_reach`"),
    ("two KPIs of one name", {"framework.kpis.1.id": "D1"}, "named twice"),
    ("points fall", {"scoring.level_points.stretch": -10}, "points of the levels"),
    ("G falls", {"finance.gain.score_factor.1.factor": "0.4"}, "falls as the score rises"),
    ("L rises", {"finance.loss.score_factor.1.factor": "1.1"}, "rises as the score rises"),
    ("knot twice", {"finance.gain.score_factor.1.score": 0}, "named twice"),
    ("no knots", {"finance.gain.score_factor": []}, "no knots"),
    (
        "band order",
        {"finance.gain.bands": [{"up_to_pct": 5, "rate_pct": 50}, {"up_to_pct": 5, "rate_pct": 1}]},
        "rising order",
    ),
    ("open band first", {"finance.gain.bands": [{"rate_pct": 50}, {"up_to_pct": 5, "rate_pct": 1}]}, "without end"),
    ("no least saving", {"finance.corridor.least_saving_pct": None}, "least_saving_pct` is missing"),
    ("no least loss", {"finance.corridor.least_loss_pct": None}, "least_loss_pct` is missing"),
    ("least saving twice", {"finance.corridor.least_saving_by_people": [{"people": 1, "pct": 1}]}, "agreed twice"),
    (
        "no people",
        {
            "finance.corridor.least_saving_pct": None,
            "finance.corridor.least_saving_by_people": [{"people": 1, "pct": 1}],
        },
        "how many people",
    ),
    (
        "people twice",
        {
            "finance.corridor.least_loss_pct": None,
            "finance.corridor.least_loss_by_people": [{"people": 9, "pct": 1}, {"people": 9, "pct": 2}],
        },
        "named twice",
    ),
    (
        "people without knots",
        {"finance.corridor.least_saving_pct": None, "finance.corridor.least_saving_by_people": []},
        "has no knots",
    ),
    ("part of a person", {"finance.target_cost.0.people": "5.5"}, "whole number"),
    (
        "small savings beyond",
        {"finance.corridor.shared_from": "beyond", "finance.corridor.small_savings": {"share_pct": 50}},
        "just reaches it would not",
    ),
    (
        "small savings of nobody knows how many",
        {"finance.corridor.small_savings": {"share_pct": 50, "least_people": 5}},
        "how many people",
    ),
    ("no rate of loss", {"finance.loss.bands": None}, "finance.loss.bands` is missing"),
    (
        "two rates of loss",
        {"finance.loss.complement": {"of_rate_pct": 50, "least_pct": 0, "greatest_pct": 50}},
        "agreed twice",
    ),
    (
        "bounds of a rate",
        {
            "finance.loss.bands": None,
            "finance.loss.complement": {"of_rate_pct": 50, "least_pct": 60, "greatest_pct": 50},
        },
        "above the greatest",
    ),
    (
        "what is taken off a rate falls",
        {
            "finance.loss.bands": None,
            "finance.loss.complement": {
                "of_rate_pct": 50,
                "least_pct": 0,
                "greatest_pct": 50,
                "score_factor": [{"score": 0, "factor": 1}, {"score": 1, "factor": 0}],
            },
        },
        "falls as the score rises",
    ),
    (
        "a rate on no must-pass KPI",
        {
            "finance.loss.bands": None,
            "finance.loss.complement": {"of_rate_pct": 50, "least_pct": 0, "greatest_pct": 50, "standards": ["D2"]},
        },
        "no must-pass KPI",
    ),
    (
        "a rate on no standard at all",
        {
            "finance.loss.bands": None,
            "finance.loss.complement": {"of_rate_pct": 50, "least_pct": 0, "greatest_pct": 50, "standards": []},
        },
        "names none",
    ),
    ("no standard", _standards(), "names none"),
    ("a standard that is not must-pass", _standards({"kpi": "D1"}), "no must-pass KPI"),
    ("a standard twice", _standards({"kpi": "D2"}, {"kpi": "D2"}), "named twice"),
    (
        "a standard that pays less than a later one",
        _standards({"kpi": "D2", "score_factor": [{"score": 0, "factor": "0.9"}]}, {"kpi": "D3"}),
        "could pay less",
    ),
    (
        "a factor twice",
        {**_standards({"kpi": "D2"}), "finance.gain.score_factor": [{"score": 0, "factor": 1}]},
        "agreed twice",
    ),
    ("payer", {"finance.payment.payer": "acute-trust"}, "no commissioner"),
    ("a book made smaller", {"finance.actual_cost.completion_factor": "0.999"}, "less than the open book holds"),
    ("a book of nothing", {"finance.actual_cost.completion_factor": 0}, "less than the open book holds"),
    ("more than the saving", {"finance.gain.bands.0.rate_pct": "80.1"}, "saving can reach 100.125 percent"),
    (
        "more than the saving by a standard",
        {
            **_standards({"kpi": "D2", "score_factor": [{"score": 0, "factor": "2.5"}]}),
            "finance.gain.levy_factor": "0.9",
        },
        "saving can reach 112.5 percent",
    ),
    ("more than the overspend", {"finance.loss.score_factor.0.factor": "2.1"}, "overspend can reach 105 percent"),
    (
        "more than the overspend of a complement",
        {
            "finance.loss.bands": None,
            "finance.loss.complement": {"of_rate_pct": 50, "least_pct": 0, "greatest_pct": 101},
        },
        "less than or equal to 100",
    ),
    ("waives nothing", {"finance.gain.above_whole_waiver": "By design."}, "needs no waiver"),
    ("target period", {"finance.target_cost.0.period": "2024-25-q1"}, "is no year"),
    ("target in no year", {"finance.target_cost.0.period": "0000-04"}, "is no year"),
    ("target outside", {"finance.target_cost.0.period": "2023-24"}, "outside the agreement"),
    ("target of nothing", {"finance.target_cost.0.trend": 0}, "not above 0"),
    ("begins midway", {"agreement.effective_from": "2024-05-01"}, "does not begin"),
    ("ends midway", {"agreement.effective_to": "2025-05-01"}, "does not end"),
    ("ends before", {"agreement.effective_to": "2023-03-31"}, "ends before"),
    ("before all years", {"agreement.effective_from": "0001-01-01"}, "years 1900 to 2199"),
    ("after all years", {"agreement.effective_from": "9999-04-01"}, "years 1900 to 2199"),
    ("ends after all years", {"agreement.effective_to": "9999-12-31"}, "years 1900 to 2199"),
    ("role twice", {"parties.members.0.id": "city-council"}, "is taken"),
    ("reserved role", {"parties.members.0.id": "commissioner-residue"}, "is taken"),
    ("nobody approves", {"parties.commissioners.0.approves": False}, "no commissioner role approves"),
    ("payer forfeits", {"gate.causes.0.recorded_by.0": "integrated-care-board"}, "could gain"),
    ("member deems", {"gate.causes.1.recorded_by.0": "acute-trust"}, "could gain"),
    ("stranger", {"gate.causes.1.recorded_by.0": "stranger"}, "no party here"),
    ("deem without value", {"gate.causes.1.deem": None}, "do not fit"),
    ("check twice", {"gate.integrity.1": "cut.register"}, "named twice"),
    ("check of two kinds", {"gate.fitness.0.check": "cut.register"}, "integrity check already"),
    ("unknown entry", {"finance.bonus": 3}, "not an entry"),
    ("unknown word", {"agreement.settle_by": "week"}, "settle_by"),
    ("too fine", {"finance.target_cost.0.baseline_gbp": "1.001"}, "two decimals"),
    ("exponent", {"finance.target_cost.0.baseline_gbp": "1e9"}, "plain digits"),
    ("comma", {"finance.target_cost.0.baseline_gbp": "143,100,000"}, "plain digits"),
    ("too large", {"finance.target_cost.0.baseline_gbp": "1" + "0" * 20}, "15 digits"),
    ("percent", {"finance.gain.cap_pct_of_target": 101}, "less than or equal"),
    ("negative", {"parties.members.0.turnover_gbp": -1}, "greater than or equal"),
    ("live weight", {"scoring.minimum_live_weight_pct": 0}, "greater than 0"),
    ("DER-23 level", {"spend_levels": [{"level": 6, "member": "acute-trust"}]}, "less than or equal"),
    ("DER-23 member", {"spend_levels": [{"level": 5, "member": "stranger"}]}, "no member here"),
    (
        "DER-23 mid-month",
        {"spend_levels": [{"level": 5, "member": "acute-trust", "effective_from": "2024-05-02"}]},
        "no first day",
    ),
    (
        "DER-23 too early",
        {"spend_levels": [{"level": 5, "member": "acute-trust", "effective_from": "2024-03-01"}]},
        "no first day",
    ),
    (
        "DER-23 too late",
        {
            "agreement.effective_to": "2025-03-31",
            "spend_levels": [{"level": 5, "member": "acute-trust", "effective_from": "2025-04-01"}],
        },
        "no first day",
    ),
    (
        "DER-23 twice",
        {"spend_levels": [{"level": level, "member": "acute-trust", "line": "beds"} for level in (4, 5)]},
        "twice",
    ),
    ("format", {"terms_format": 2}, "terms_format"),
    ("blank", {"mandate.purpose": ""}, "purpose"),
    ("missing part", {"governance": None}, "`governance` is missing"),
]


@pytest.mark.parametrize(("changes", "words"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_a_broken_rule_names_line_and_mend(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(TermsError, match=re.escape(words)) as told:
        terms_with(changes)
    assert LINE.search(str(told.value))
    assert "Mend: " in str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"share_pct: 38", b"share_pct: 3.8e1", "plain digits"),
        (b"share_pct: 38", b"share_pct: '38'", "plain digits"),
        (b"share_pct: 38", b"share_pct: 38\n      share_pct: 38", "written twice"),
        (b"effective_from: 2024-04-01", b"effective_from: 2024-13-01", "no date"),
        (b"effective_from: 2024-04-01", b"effective_from: '2024-04-01'", "without quotes"),
        (b"shadow: true", b"shadow: yes", "shadow"),
        (b"indicator_version: 1", b"indicator_version: 1.0", "whole number"),
        (b"mandate:", b"mandate: &a", "anchors"),
        (b"mandate:", b"mandate: !!map", "tags"),
        (b"mandate:", b"mandate", "YAML"),
    ],
)
def test_the_very_line_is_named(old: bytes, new: bytes, words: str) -> None:
    line = _line_of(old)
    with pytest.raises(TermsError, match=re.escape(words)) as told:
        load_terms(RAW.replace(old, new, 1))
    named = [int(found) for found in re.findall(r"line (\d+):", str(told.value))]
    assert any(abs(found - line) <= 1 for found in named), (named, line)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"3",
        b"- a",
        b"a: [",
        b"\xff\xfe",
        b"a: \x07",
        b"a: b: c",
        b"? [a]\n: b",
        b"---\na: 1\n---\nb: 2",
        b"\t",
        b"[" * 1000,
        b"{" * 40 + b"}" * 40,
        b"a: *b",
        b"%YAML 9.9\n---\na: 1",
        b"&a [*a]",
        b"x" * (LARGEST_BYTES + 1),
        b"terms_format: 1\n",
        b"null",
        b"!!python/object:os.system {}",
        b"a: !<tag:x> b",
        "\u2028: 1".encode(),
        b"a: |\n b\n c: d",
        b'a: "\\UFFFFFFFF"',
        b'a: "\\U00110000"',
    ],
)
def test_what_is_no_terms_file(raw: bytes) -> None:
    with pytest.raises(TermsError, match=r"line \d+: "):
        load_terms(raw)


def _mutations(seed: int) -> bytes:
    """The real file with a few lines lost, doubled, cut, indented or given another value."""
    chance = random.Random(seed)
    lines = RAW.decode().splitlines()
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(5, len(lines))
        line = lines[place]
        key = line.split(":")[0]
        lines[place] = chance.choice(
            [
                "",
                line[: len(line) // 2],
                "  " + line,
                line.lstrip(),
                f"{key}: []",
                f"{key}: -1",
                f"{key}: 2024-02-30",
                f"{key}: 999999999999999999999",
                f"{key}: {{}}",
                f"{key}: null",
                line + "\n" + line,
                f"{key}: '",
                f"{key}: 1.0e5",
                f"{key}x: 1",
                f"{key}: [1, 2",
                "\t" + line,
                f"{key}: \u00e9\u0000",
                f"- {line}",
                f"{key}: *x",
            ]
        )
    return "\n".join(lines).encode()


@pytest.mark.parametrize("block", range(8))
def test_mutated_files_never_end_in_a_traceback(block: int) -> None:
    """Each file either loads or is refused by an error that names a line."""
    refused = 0
    for seed in range(block * 40, block * 40 + 40):
        told = _error(_mutations(seed))
        if told is not None:
            assert LINE.search(str(told)), (seed, told)
            assert told.mend
            refused += 1
    assert refused >= 20


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(RAW) - 1), st.binary(max_size=4), st.integers(0, 30))
def test_any_spliced_bytes_load_or_are_refused(place: int, put: bytes, cut: int) -> None:
    told = _error(RAW[:place] + put + RAW[place + cut :])
    assert told is None or LINE.search(str(told))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(TermsError, match=r"line \d+: "):
        load_terms(raw)


def test_real_file_is_small_enough_to_read() -> None:
    assert len(RAW.splitlines()) < 300
    assert Path(ROOT / "agreements" / "derbyshire-real-only").is_dir()


def test_no_more_than_the_whole_is_shared_unless_the_terms_say_why() -> None:
    """Rate times factor at the best score a curve can give, and the greatest rate a complement can reach."""
    at_80 = terms_with({"finance.gain.bands.0.rate_pct": 80})  # 80 x 1.25 = 100, which is the whole
    waived = {"finance.gain.bands.0.rate_pct": 100, "finance.gain.above_whole_waiver": "By design."}
    assert terms_with(waived).terms_hash != at_80.terms_hash
    # a factor beyond the scores that can be reached is never paid
    beyond = [{"score": 100, "factor": 1}, {"score": 200, "factor": 5}]
    terms_with({"finance.gain.bands.0.rate_pct": 100, "finance.gain.score_factor": beyond})
    owed = {"of_rate_pct": 50, "least_pct": 0, "greatest_pct": 60}
    pain = {"finance.loss.bands": None, "finance.loss.complement": owed}
    with pytest.raises(TermsError, match=r"line \d+: the alliance's part of the overspend can reach 120 percent"):
        terms_with({**pain, "finance.loss.score_factor": [{"score": 0, "factor": 2}]})
    terms_with({**pain, "finance.loss.score_factor": [{"score": 0, "factor": "1.66"}]})


def test_a_year_that_no_calendar_has_is_no_period() -> None:
    for label, kind in (("0000-01", "year"), ("0000-04", "month"), ("9999-00", "year"), ("0000-00-q1", "quarter")):
        with pytest.raises(WrongUsage, match=f"'{label}' is not a"):
            period_of_kind(label, kind)


def test_terms_are_asked_only_for_what_they_agree() -> None:
    """A caller that asks all the same ends there: nothing is computed on an entry that nobody agreed."""
    cost, points = load_terms(RAW), greenwich()
    with pytest.raises(ValueError, match="greenwich-public-health share no cost"):
        _ = points.shared_cost
    with pytest.raises(ValueError, match="derbyshire-real-only agree no top-up"):
        _ = cost.top_up
    with pytest.raises(ValueError, match="D2 is not scored"):
        cost.curve(cost.framework.kpis[1])
    unchecked = {"least_saving_pct": None, "least_saving_by_people": [{"people": 1, "pct": 1}]}
    with pytest.raises(ValueError, match="the target of 2024-25 says nothing of people"):
        settle_simply(changed({f"finance.corridor.{name}": value for name, value in unchecked.items()}, DERBYSHIRE))
    statement = Statement(points.id, PERIOD)
    nothing = Given(Fraction(0), "GBP", "terms:finance")
    step = statement.step("pool", "Pool", "nothing", {"nothing": nothing}, "GBP", "terms:finance")
    score = Score(step, step, True, (), {}, {})
    with pytest.raises(ValueError, match="these terms share no loss"):
        take_loss(statement, points, step, step, score, nothing, PERIOD)
    plain = greenwich({"finance.top_up.learning_and_development": None})
    take_held_back(statement, plain, Allocation({}, 0, frozenset()), ["youth-charity"])
    assert len(statement.steps) == 1
