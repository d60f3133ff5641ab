"""Greenwich from its third year on, and Southwark from its second: what their pages say a variation would agree.

By hand for Greenwich: 1 % of a base of £9,600,000.00 is £96,000.00. With every KPI at `poor` the score is -50, and half of
it, £48,000.00, is owed: 36 % or £17,280.00, 25 % or £12,000.00, 15 % or £7,200.00 and 12 % or £5,760.00 by the four larger
members. The two small ones owe nothing; their 12 %, £5,760.00, is an explicit line of the council. The base is paid in full.
"""

from __future__ import annotations

from decimal import Decimal

from settlement_world import PERIOD, ROOT
from top_up_world import AT_72, by_line, by_member, greenwich, settle_top_up

from settlement.extremes import party_extremes
from settlement.postings import RESIDUE
from settlement.terms import Terms, load_terms
from settlement.terms_lint import find_problems

NOTHING = [{"of": "small member", "amount_gbp": Decimal(0), "pct": Decimal(0)}]
PAIN = {
    "agreement.shadow": False,
    "finance.kra_pool": {
        "pools": [{"period": year, "pool_gbp": Decimal(96_000)} for year in ("2024-25", "2025-26")],
        "pool_share": [
            {"score": Decimal(-100), "share_pct": Decimal(-100)},
            {"score": Decimal(0), "share_pct": Decimal(0)},
        ],
    },
    "finance.loss_limits": {
        "excess_to": "commissioner",
        "members": [{"member": name, "limits": NOTHING} for name in ("community-link-charity", "youth-charity")],
    },
}
AT_POOR = {"G1": "4.5", "G2": "78.0", "G4": "36.5", "G5": "42.0", "G6": "59.0", "G7": "35.5"}


def test_pain_of_one_percent_spares_the_small_members() -> None:
    terms = greenwich(PAIN)
    made = settle_top_up(terms, AT_POOR)
    assert made.score == -50
    assert by_line(made) == {"top_up": 0, "bonus": 0, "kra_pool": -4_800_000}
    assert by_member(made, "kra_pool") == {
        "drug-alcohol-charity": -1_728_000,
        "sexual-health-provider": -1_200_000,
        "healthy-living-trust": -720_000,
        "gp-federation": -576_000,
        "community-link-charity": 0,
        "youth-charity": 0,
        RESIDUE: -576_000,
    }
    assert made.step("base").exact == 9_600_000
    # the small members can lose nothing, whatever happens; above the baseline nobody owes
    assert {party_extremes(terms, PERIOD)[name].greatest_loss_pence for name in ("youth-charity", RESIDUE)} == {
        0,
        1_152_000,
    }
    assert by_line(settle_top_up(terms, AT_72))["kra_pool"] == 0


def test_southwark_pays_gain_from_its_second_year() -> None:
    """The first year stays in shadow by an entry of its own; a year without one is payable."""
    path = ROOT / "agreements" / "southwark-older-people" / "2024-04-01.yaml"
    data = load_terms(path.read_bytes()).model_dump(mode="python", exclude_none=True)
    data["agreement"]["shadow"] = False
    finance = data["finance"]
    target = finance["target_cost"][0]
    finance["target_cost"] = [target, {**target, "period": "2025-26"}]
    for row in finance["avoided"]["rows"]:
        row["expected"] = [*row["expected"], {**row["expected"][0], "period": "2025-26"}]
    own = [risk for risk in finance.get("risk_by_period", ()) if risk["period"] not in ("2024-25", "2025-26")]
    finance["risk_by_period"] = [{"period": "2024-25", "shadow": True}, {"period": "2025-26", "loss_part_pct": 0}, *own]
    terms = Terms.model_validate(data)
    assert find_problems(terms) == []
    assert (terms.is_shadow("2024-25"), terms.is_shadow("2025-26")) == (True, False)
    assert terms.loss_part_pct("2025-26") == 0
