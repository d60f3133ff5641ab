"""The money of four worked agreements as terms, each with an example by hand. Illustrative; roles, no organisations.

The fifth, Derby and Derbyshire, is the worked example of its own test.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from other_lines_world import amounts, counted_kpi, parts, put
from settlement_world import PERIOD, gate_for, kpi_row, ledger_rows
from top_up_world import DERBYSHIRE, greenwich, settle_top_up

from settlement.engine import Settlement, settle
from settlement.postings import RESIDUE
from settlement.recorded import Certificate, PeriodRecords, period_records
from settlement.terms import Terms
from settlement.terms_lint import find_problems

EARLIER, YEAR_BEFORE = "2022-23", "2023-24"
FIRST_POUND = "first_pound"


def terms_of(shares: Mapping[str, int], finance: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> Terms:
    """Derbyshire's terms with other members and finance, in force from 2022 and not in shadow."""
    data = copy.deepcopy(DERBYSHIRE)
    (pattern, *_) = data["parties"]["members"]
    data["parties"]["members"] = [
        {**pattern, "id": member, "name": member, "share_pct": Decimal(share)} for member, share in shares.items()
    ]
    data["finance"] = {"payment": data["finance"]["payment"], **finance}
    data["agreement"] |= {"shadow": False}
    for path, value in (changes or {}).items():
        put(data, path, value)
    terms = Terms.model_validate(data)
    assert find_problems(terms) == []
    return terms


def settled(
    terms: Terms, value: str, pence: int, counts: Mapping[str, int] | None = None, recorded: PeriodRecords | None = None
) -> Settlement:
    rows = [
        kpi_row(terms, kpi, Decimal(1), numerator=Decimal(number), denominator=None)
        for kpi, number in (counts or {}).items()
    ]
    scored = kpi_row(terms, "D1", Decimal(value))
    return settle(terms, PERIOD, [scored, *rows], ledger_rows(terms, pence), gate_for(terms), recorded=recorded)


def bears(member: str, *limits: tuple[str, int, int | str]) -> dict[str, Any]:
    return {
        "member": member,
        "limits": [{"of": of, "amount_gbp": Decimal(amount), "pct": Decimal(pct)} for of, amount, pct in limits],
    }


ACTUAL = {"categories": ["reimbursable_cost"], "completeness": "every_member_every_month"}


# --- people over 75: avoided admissions, shadow, gain only, then a quarter of the pain ---------------------------------

SOUTHWARK_SHARES = {
    "acute-trust": 28,
    "second-acute-trust": 20,
    "mental-health-trust": 10,
    "federation-north": 15,
    "federation-south": 15,
    "council-provider-arm": 6,
    "voluntary-consortium": 6,
}
PROTECTED = ("federation-north", "federation-south", "voluntary-consortium")


def _avoided(row: str, kpi: str, price: int, expected: int, saved_by: str, part: int) -> dict[str, Any]:
    numbers = [{"period": year, "number": Decimal(expected)} for year in (EARLIER, YEAR_BEFORE, PERIOD)]
    own = {"id": row, "name": row, "kpi": kpi, "price_gbp": Decimal(price), "expected": numbers}
    return {**own, "saved_by": saved_by, "cashable_pct": Decimal(part)}


def southwark() -> Terms:
    council = {"id": "council", "name": "Council (commissioner role)"}
    finance = {
        "target_cost": [
            {"period": year, "baseline_gbp": Decimal(77_668_500)} for year in (EARLIER, YEAR_BEFORE, PERIOD)
        ],
        "actual_cost": ACTUAL,
        "corridor": {"least_saving_pct": Decimal(2), "least_loss_pct": Decimal(2), "shared_from": FIRST_POUND},
        "gain": {
            "bands": [{"rate_pct": Decimal(50)}],
            "least_score": Decimal(0),
            "score_factor": [
                {"score": Decimal(0), "factor": Decimal("0.5")},
                {"score": Decimal(50), "factor": Decimal(1)},
            ],
            "cap_pct_of_target": Decimal(3),
        },
        "loss": {"bands": [{"rate_pct": Decimal(25)}], "cap_pct_of_target": Decimal(1)},
        "loss_limits": {
            "excess_to": "commissioner",
            "members": [bears(member, ("anything", 0, 0)) for member in PROTECTED],
        },
        "risk_by_period": [
            {"period": EARLIER, "shadow": True},
            {"period": YEAR_BEFORE, "loss_part_pct": Decimal(0)},
        ],
        "avoided": {
            "certified_by": ["integrated-care-board", "acute-trust"],
            "rows": [
                _avoided("admissions", "A1", 3_600, 2_750, "integrated-care-board", 40),
                _avoided("care-homes", "A2", 46_000, 137, "council", 90),
            ],
        },
    }
    changes = {
        "agreement.effective_from": DERBYSHIRE["agreement"]["effective_from"].replace(year=2022),
        "parties.commissioners": [*DERBYSHIRE["parties"]["commissioners"], council],
        "framework.kpis": [*DERBYSHIRE["framework"]["kpis"], counted_kpi("A1"), counted_kpi("A2")],
    }
    return terms_of(SOUTHWARK_SHARES, finance, changes)


def test_southwark_in_its_third_year() -> None:
    """Saved 2,000,000 (2.58 %). 400 admissions are 1,440,000, 40 % of it 576,000; 10 care homes 460,000, 90 % 414,000.

    Certified in full: a pool of 990,000, half at score 50 is 495,000; 288,000 stays with the board, 207,000 with the
    council.
    """
    terms = southwark()
    assert [terms.is_shadow(year) for year in (EARLIER, YEAR_BEFORE, PERIOD)] == [True, False, False]
    assert [terms.loss_part_pct(year) for year in (EARLIER, YEAR_BEFORE, PERIOD)] == [None, 0, None]
    rows = [
        Certificate(row, signer, pence, "f" * 64)
        for row, pence in (("admissions", 57_600_000), ("care-homes", 41_400_000))
        for signer in ("integrated-care-board", "acute-trust")
    ]
    recorded = period_records((), terms, PERIOD)
    object.__setattr__(recorded, "certificates", tuple(rows))
    made = settled(terms, "430", 7_566_850_000, {"A1": 2_350, "A2": 127}, recorded)
    assert made.step("avoided_value.admissions").exact == 1_440_000
    assert amounts(made) == {"gain": 49_500_000}
    assert made.step("kept_by.integrated-care-board").exact == 288_000
    assert made.step("kept_by.council").exact == 207_000
    assert parts(made, "gain")["acute-trust"] == 13_860_000


def test_southwark_in_pain() -> None:
    """4,000,000 over (5.15 %): a quarter is 1,000,000, capped at 776,685; 36 % of it is carried by the commissioner."""
    made = settled(southwark(), "430", 8_166_850_000, {"A1": 2_750, "A2": 137})
    assert amounts(made) == {"loss": -77_668_500}
    found = parts(made, "loss")
    assert {found[member] for member in PROTECTED} == {0}
    assert found[RESIDUE] == -27_960_660


# --- community health services: outcome component beside a protected base, risk on cost ---------------------------------


def tower_hamlets() -> Terms:
    points = {"failure": 0, "poor": 25, "minimum": 50, "stretch": 90, "game_breaking": 100}
    finance = {
        "target_cost": [{"period": PERIOD, "baseline_gbp": Decimal(38_000_000)}],
        "actual_cost": ACTUAL,
        "corridor": {
            "least_saving_pct": Decimal("1.5"),
            "least_loss_pct": Decimal("1.5"),
            "shared_from": "beyond",
        },
        "gain": {"bands": [{"rate_pct": Decimal(50)}], "cap_pct_of_target": Decimal(2)},
        "loss": {"bands": [{"rate_pct": Decimal(50)}], "cap_pct_of_target": Decimal(2)},
        "loss_limits": {
            "excess_to": "commissioner",
            "members": [bears("voluntary-partner", ("contract income", 2_000_000, 1))],
        },
        "top_up": {
            "base": [{"period": PERIOD, "base_gbp": Decimal(35_150_000)}],
            "pool_points": [{"period": PERIOD, "points": Decimal(100), "value_gbp": Decimal(28_500)}],
            "pool_share": [{"score": Decimal(score), "share_pct": Decimal(score)} for score in (0, 100)],
        },
    }
    shares = {"acute-trust": 55, "care-group": 25, "voluntary-partner": 20}
    return terms_of(shares, finance, {"scoring.level_points": {name: Decimal(one) for name, one in points.items()}})


@pytest.mark.parametrize(
    ("value", "pounds"), [("530", 0), ("478.6", 1_425_000), ("430", 2_565_000), ("340", 2_850_000)]
)
def test_tower_hamlets_pays_by_its_own_curve(value: str, pounds: int) -> None:
    """Of 2,850,000: nothing at failure, half at minimum, 90 % at stretch, all at game-breaking; the base whatever."""
    made = settled(tower_hamlets(), value, 3_800_000_000)
    assert amounts(made) == {"gain": 0, "top_up": pounds * 100}
    assert made.step("base").exact == 35_150_000


def test_tower_hamlets_shares_cost_outside_its_corridor() -> None:
    """3 % over is 1,140,000, half of what lies beyond 570,000: 285,000; the partner's 57,000 are held at 20,000."""
    made = settled(tower_hamlets(), "478.6", 3_914_000_000)
    assert amounts(made) == {"loss": -28_500_000, "top_up": 142_500_000}
    assert parts(made, "loss")["voluntary-partner"] == -2_000_000
    assert parts(made, "loss")[RESIDUE] == -3_700_000


# --- a closed cohort: efficiency first, then half of under- and overrun, members protected -------------------------------

LAMBETH_SHARES = {"foundation-trust": 40, "board-member": 20, "council-member": 15, "charity-a": 13, "charity-b": 12}


def lambeth() -> Terms:
    finance = {
        "target_cost": [
            {"period": PERIOD, "baseline_gbp": Decimal(13_000_000), "efficiency_pct": Decimal(5)},
            {"period": "2025-26", "baseline_gbp": Decimal(13_000_000), "efficiency_pct": Decimal(10)},
        ],
        "actual_cost": ACTUAL,
        "corridor": {"least_saving_pct": Decimal(0), "least_loss_pct": Decimal(0), "shared_from": FIRST_POUND},
        "gain": {
            "bands": [{"rate_pct": Decimal(50)}],
            "least_score": Decimal(0),
            "score_factor": [
                {"score": Decimal(0), "factor": Decimal("0.5")},
                {"score": Decimal(100), "factor": Decimal(1)},
            ],
            "cap_pct_of_target": Decimal(5),
        },
        "loss": {"bands": [{"rate_pct": Decimal(50)}], "cap_pct_of_target": Decimal(5)},
        "loss_limits": {
            "excess_to": "commissioner",
            "members": [
                bears("charity-a", ("alliance income", 1_600_000, 2), ("free reserves", 400_000, 5)),
                bears("charity-b", ("alliance income", 1_500_000, 2), ("free reserves", 900_000, 5)),
                bears("foundation-trust", ("contract value", 5_000_000, 1)),
            ],
        },
    }
    return terms_of(LAMBETH_SHARES, finance)


def test_lambeth_nets_its_efficiency_and_protects_its_members() -> None:
    """12,350,000 after 5 %; 2,000,000 over is 617,500 at the cap. 20,000, 30,000 and 50,000 are borne; 301,375 is not."""
    terms = lambeth()
    assert terms.target_pounds(terms.target("2025-26")) == 11_700_000
    made = settled(terms, "430", 1_435_000_000)
    assert made.step("target_cost").exact == 12_350_000
    assert amounts(made) == {"loss": -61_750_000}
    found = parts(made, "loss")
    held = ("charity-a", "charity-b", "foundation-trust", RESIDUE)
    assert [found[one] for one in held] == [-2_000_000, -3_000_000, -5_000_000, -30_137_500]
    # 400,000 under: half of it at a factor of 0.75 for a score of 50; nothing below 0.
    assert amounts(settled(terms, "430", 1_195_000_000)) == {"gain": 15_000_000}
    assert amounts(settled(terms, "505", 1_195_000_000)) == {"gain": 0}


# --- public health: a top-up beside a protected base, and pain from the third year -------------------------------------


def _alliance_variant(years_without_pain: Sequence[str]) -> Terms:
    small = ("community-link-charity", "youth-charity")
    pool = {
        "pools": [{"period": year, "pool_gbp": Decimal(96_000)} for year in (PERIOD, "2025-26")],
        "pool_share": [
            {"score": Decimal(-100), "share_pct": Decimal(-100)},
            {"score": Decimal(0), "share_pct": Decimal(0)},
        ],
    }
    changes: dict[str, Any] = {
        "finance.kra_pool": pool,
        "finance.loss_limits": {
            "excess_to": "commissioner",
            "members": [bears(member, ("anything", 0, 0)) for member in small],
        },
    }
    if years_without_pain:
        changes["finance.risk_by_period"] = [
            {"period": year, "loss_part_pct": Decimal(0)} for year in years_without_pain
        ]
    return greenwich(changes)


def test_greenwich_bears_pain_in_the_years_it_agreed_to() -> None:
    """Every KPI at failure: 1 % of the base, 96,000, is owed; the parts of the two small members, 12 %, are carried."""
    terms = _alliance_variant(["2025-26"])
    worst = {kpi.id: str(kpi.levels.failure) for kpi in terms.paid_kpis if kpi.levels is not None}
    made = settle_top_up(terms, worst)
    assert amounts(made) == {"top_up": 0, "bonus": 0, "kra_pool": -9_600_000}
    found = parts(made, "kra_pool")
    assert (found["community-link-charity"], found["youth-charity"], found[RESIDUE]) == (0, 0, -1_152_000)
    assert amounts(settle_top_up(_alliance_variant([PERIOD]), worst))["kra_pool"] == 0
    assert amounts(settle_top_up(terms))["kra_pool"] == 0  # at a score above 0 it neither pays nor takes
