"""Whole valid terms of every feature the schema has, and performances under them, drawn by Hypothesis.

A feature that is added to the terms is drawn here, or `test_every_entry_of_the_terms_is_drawn` names it: add it to the
function that draws the part it stands in. What is drawn is data for `Terms`, checked by every rule across parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from foundation.period import month_of, months_between
from settlement.decisions import Record
from settlement.engine import Settlement, settle
from settlement.gate_record import APPROVAL_CHECK, GateRecord, deemed_value, read_gate_rows
from settlement.recorded import PeriodRecords, period_records
from settlement.supposed import Figure, kpi_row
from settlement.terms import Terms
from settlement.terms_contracts import Accounts
from settlement.terms_finance import OTHER_ENTRIES
from settlement.terms_lint import find_problems
from settlement.terms_parts import AGE_GROUPS, LEVELS, CauseRule, Kpi
from settlement.top_up import small_members

PERIODS = {
    "year": ("2024-25", "2025-26"),
    "quarter": ("2024-25-q1", "2024-25-q2"),
    "month": ("2024-04", "2024-05"),
}
EXPERT = "independent-expert"
CUT = "c" * 64
TEXTS = st.sampled_from(["As agreed", "By decision of all parties: yes", "é, in words"])
Data = dict[str, Any]


def tenths(least: int, most: int) -> st.SearchStrategy[Decimal]:
    """Decimals with one place; the bounds are in tenths."""
    return st.integers(least, most).map(lambda whole: Decimal(whole) / 10)


def pounds(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most * 100).map(lambda pence: Decimal(pence) / 100)


def _put(draw: st.DrawFn, into: Data, name: str, strategy: st.SearchStrategy[Any]) -> None:
    """An optional entry: left out half of the time."""
    if draw(st.booleans()):
        into[name] = draw(strategy)


def _parts(draw: st.DrawFn, count: int, *, zero: bool = False) -> list[Decimal]:
    """Parts that sum to 100; the last is 0 where `zero`."""
    given = count - 1 if zero else count
    weights = [draw(st.integers(1, 40)) for _ in range(given)]
    found = [Decimal(weight * 1000 // sum(weights)) / 10 for weight in weights]
    found[0] += 100 - sum(found)
    return [*found, Decimal(0)] if zero else found


@st.composite
def knots(draw: st.DrawFn, name: str = "factor", *, rising: bool = True, most: int = 20) -> list[Data]:
    scores = sorted(draw(st.sets(tenths(-1200, 1200), min_size=1, max_size=3)))
    heights = sorted((draw(tenths(0, most)) for _ in scores), reverse=not rising)
    return [{"score": score, name: height} for score, height in zip(scores, heights, strict=True)]


@st.composite
def bands(draw: st.DrawFn) -> list[Data]:
    found: list[Data] = [
        {"up_to_pct": end, "rate_pct": draw(tenths(0, 1000))}
        for end in sorted(draw(st.sets(tenths(1, 300), max_size=2)))
    ]
    if not found or draw(st.booleans()):
        found.append({"rate_pct": draw(tenths(0, 1000))})
    return found


@st.composite
def payments(draw: st.DrawFn, payers: Sequence[str], payee: str) -> Data:
    """Who pays the payee of the contract model: one commissioner, or all of them by agreed parts."""
    texts = {name: name.replace("_", " ") for name in ("contract_reference", "funding_source")}
    found: Data = {"payer": "payer", "payee": payee, "vat_treatment": "outside scope", **texts}
    if draw(st.booleans()):
        parts = zip(payers, _parts(draw, len(payers)), strict=True)
        found["payers"] = [{"payer": payer, "share_pct": part, "funding_source": "budget"} for payer, part in parts]
    return found


def _identity(draw: st.DrawFn, settle_by: str, model: str) -> Data:
    found: Data = {
        "id": "drawn",
        "name": draw(TEXTS),
        "contract_model": model,
        "effective_from": date(2024, 4, 1),
        "settle_by": settle_by,
        "shadow": draw(st.booleans()),
        "illustrative": True,
        "label": "Drawn.",
    }
    _put(draw, found, "effective_to", st.just(date(2026, 3, 31)))
    return found


def _parties(draw: st.DrawFn, model: str) -> Data:
    members = []
    count = draw(st.integers(2 if model == "prime_provider" else 1, 4))
    zero = count > 1 and draw(st.integers(0, 4)) == 0
    for index, share in enumerate(_parts(draw, count, zero=zero)):
        member: Data = {
            "id": f"member-{index}",
            "name": draw(TEXTS),
            "share_pct": share,
            "turnover_gbp": draw(pounds(10**8)),
            "contract_reference": "C",
            "funding_source": "F",
            "vat_treatment": "V",
        }
        if share == 0:
            member["zero_share_waiver"] = "Holds none."
        _put(draw, member, "nominated_payee", TEXTS)
        if "nominated_payee" in member:
            _put(draw, member, "acts_for", TEXTS)
        members.append(member)
    found: Data = {"commissioners": [{"id": "payer", "name": "Payer"}], "members": members}
    if draw(st.booleans()):
        found["commissioners"].append({"id": "council", "name": "Council", "approves": draw(st.booleans())})
    expert = {"id": EXPERT, "name": "Expert"}
    _put(draw, found, "independents", st.sampled_from([[expert], [{**expert, "body": "university"}]]))
    if model == "prime_contractor":
        found["prime_contractor"] = {"id": "holder", "name": "Holder"}
        _put(draw, found["prime_contractor"], "body", st.just("holding"))
    # one body that pays and is paid
    both = draw(st.integers(0, 3)) == 0 and "independents" in found
    for party in (found["commissioners"][-1], members[-1]) if both else ():
        party["body"] = "city"
    return found


def _contracts(draw: st.DrawFn, model: str, members: Sequence[Data]) -> Data | None:
    """The head contract under a prime; under a prime provider, what the others may hold and are promised."""
    if model == "alliance":
        return None
    if model == "prime_contractor":
        return {"prime": "holder"}
    subs = members[1:]
    most = sum(member["share_pct"] for member in subs)
    found: Data = {"prime": "member-0", "sub_incentives_at_most_pct": max(most, draw(tenths(0, 1000)))}
    if draw(st.booleans()):
        promised = draw(st.lists(st.sampled_from(subs), unique_by=lambda member: member["id"], min_size=1))
        found["promised"] = [{"member": member["id"], "at_least_gbp": draw(pounds(10**5))} for member in promised]
    return found


def _kpi(draw: st.DrawFn, kpi_id: str, role: str, settle_by: str) -> Data:
    polarity = draw(st.sampled_from(["low", "high"]))
    kind = draw(st.sampled_from(["outcome", "process", "output"]))
    kpi: Data = {
        "id": kpi_id,
        "name": "A KPI",
        "role": role,
        "outcome": "o1",
        "indicator_id": "indicator",
        "indicator_version": draw(st.integers(1, 3)),
        "area_code": "E1",
        "unit": draw(st.sampled_from(["percent", "per 1,000"])),
        "polarity": polarity,
        "value_decimals": draw(st.integers(0, 2)),
        "population_basis": draw(st.sampled_from(["resident", "registered", "caseload", "cohort"])),
        "kind": kind,
    }
    if role == "paid":
        values = sorted(draw(st.sets(tenths(0, 1000), min_size=5, max_size=5)), reverse=polarity == "low")
        kpi["levels"] = dict(zip(LEVELS, values, strict=True))
    if role in ("paid", "counted") and kind != "outcome":
        kpi["process_waiver"] = "Agreed."
    if role == "gate" or (role == "paid" and draw(st.integers(0, 3)) == 0):
        kpi["must_reach"] = draw(tenths(0, 1000))
    if role == "paid" or draw(st.booleans()):
        kpi["baseline"] = {"value": draw(tenths(0, 1000)), "period": "2023-24", "definition": "As agreed."}
    _put(draw, kpi, "note", TEXTS)
    groups = [("pcn", "U12345"), ("deprivation", 1), ("age", AGE_GROUPS[-1])]
    kind_and_group = draw(st.sampled_from([None, *groups]))
    if kind_and_group is not None:
        kpi["breakdown"] = dict(zip(("kind", "group"), kind_and_group, strict=True))
    _put(draw, kpi, "measurement_lag_months", st.integers(0, 8).map(lambda n: n * 3 if settle_by == "quarter" else n))
    return kpi


def _framework(draw: st.DrawFn, settle_by: str) -> Data:
    paid = [_kpi(draw, f"P-{index}", "paid", settle_by) for index in range(draw(st.integers(1, 3)))]
    for kpi, weight in zip(paid, _parts(draw, len(paid)), strict=True):
        kpi["weight"] = weight
    gates = [_kpi(draw, f"G{index}", "gate", settle_by) for index in range(draw(st.integers(0, 2)))]
    watched = [_kpi(draw, "M0", "monitored", settle_by)] if draw(st.booleans()) else []
    return {"outcomes": [{"id": "o1", "name": "Outcome"}], "kpis": [*paid, *gates, *watched]}


def _scoring(draw: st.DrawFn) -> Data:
    points = sorted(draw(st.sets(tenths(-1000, 1000), min_size=5, max_size=5)))
    return {
        "level_points": dict(zip(LEVELS, points, strict=True)),
        "between_levels": draw(st.sampled_from(["linear", "stepped"])),
        "minimum_live_weight_pct": draw(tenths(1, 700)),
    }


def _shared_cost(draw: st.DrawFn, labels: Sequence[str], gates: Sequence[str]) -> Data:
    first_pound, pain = draw(st.booleans()), draw(st.integers(0, 4)) > 0
    corridor: Data = {"shared_from": "first_pound" if first_pound else "beyond"}
    both_sides = draw(st.booleans()) or pain
    for side in ("saving", "loss") if both_sides else ("saving",):
        if draw(st.booleans()):
            people = sorted(draw(st.sets(st.integers(1, 20_000), min_size=1, max_size=3)))
            corridor[f"least_{side}_by_people"] = [{"people": count, "pct": draw(tenths(0, 50))} for count in people]
        else:
            corridor[f"least_{side}_pct"] = draw(tenths(0, 50))
    if first_pound and draw(st.booleans()):
        corridor["small_savings"] = {"share_pct": draw(tenths(0, 1000))}
        _put(draw, corridor["small_savings"], "least_people", st.integers(1, 20_000))
    targets = []
    for label in labels:
        target: Data = {
            "period": label,
            "baseline_gbp": draw(st.integers(10**4, 10**7).map(Decimal)),
            "people": draw(st.integers(1, 20_000)),
        }
        _put(draw, target, "trend", st.sampled_from([Decimal("1.031"), Decimal("0.97")]))
        _put(draw, target, "mix", st.just(Decimal("1.002")))
        _put(draw, target, "efficiency_pct", tenths(0, 200))
        _put(draw, target, "adjustments", st.just([{"reason": "As agreed", "amount_gbp": Decimal("-10.55")}]))
        _put(draw, target, "loss_relief_gbp", pounds(10**5))
        _put(draw, target, "loss_relief_pct", tenths(0, 1000))
        targets.append(target)
    categories = st.sampled_from([["reimbursable_cost"], ["fee"], ["reimbursable_cost", "fee"]])
    book: Data = {
        "categories": draw(categories),
        "completeness": draw(st.sampled_from(["every_member", "every_member_every_month"])),
    }
    _put(draw, book, "completion_factor", tenths(10, 12))
    found = {"target_cost": targets, "actual_cost": book, "corridor": corridor, "gain": _gain(draw, gates)}
    return {**found, "loss": _loss(draw, gates)} if pain else found


def _gain(draw: st.DrawFn, gates: Sequence[str]) -> Data:
    if draw(st.integers(0, 7)) == 0:
        # more than the whole of a saving, which needs its waiver and is seldom drawn otherwise
        return {
            "bands": [{"rate_pct": Decimal(100)}],
            "score_factor": [{"score": Decimal(0), "factor": Decimal("1.5")}],
        }
    gain: Data = {"bands": draw(bands())}
    _put(draw, gain, "least_score", tenths(-1000, 1000))
    _put(draw, gain, "levy_factor", tenths(0, 10))
    _put(draw, gain, "cap_pct_of_target", tenths(0, 200))
    if draw(st.booleans()) and gates:
        gain["standards"] = [{"kpi": gates[0]}]
        if draw(st.booleans()):
            gain["standards"][0]["score_factor"] = draw(knots())
        elif len(gates) > 1:
            # the first opens all of the gain, and so the second no more
            gain["standards"].append({"kpi": gates[1], "score_factor": draw(knots(most=10))})
    else:
        _put(draw, gain, "score_factor", knots())
    return gain


def _loss(draw: st.DrawFn, gates: Sequence[str]) -> Data:
    loss: Data = {}
    if draw(st.booleans()):
        loss["bands"] = draw(bands())
    else:
        least = draw(tenths(0, 1000))
        complement: Data = {"of_rate_pct": draw(tenths(0, 1000)), "least_pct": least}
        complement["greatest_pct"] = max(least, draw(tenths(0, 1000)))
        _put(draw, complement, "score_factor", knots())
        if gates:
            _put(draw, complement, "standards", st.just(list(gates)))
        loss["complement"] = complement
    _put(draw, loss, "score_factor", knots(rising=False))
    _put(draw, loss, "cap_pct_of_target", tenths(0, 200))
    _put(draw, loss, "cap_of_revenue", st.just({"revenue_gbp": Decimal(500_000), "pct": Decimal(4)}))
    if draw(st.integers(0, 3)) == 0:
        loss["capped_at_fee"] = True
    excess = st.sampled_from(["commissioner", "other_members"])
    _put(draw, loss, "stop_loss", st.fixed_dictionaries({"pct_of_turnover": tenths(0, 20), "excess_to": excess}))
    return loss


def _adjusters(draw: st.DrawFn) -> list[Data]:
    return [
        {"id": f"a{index}", "own": draw(tenths(0, 90)), "average": draw(tenths(1, 90))}
        for index in range(draw(st.integers(1, 2)))
    ]


def _top_up(draw: st.DrawFn, labels: Sequence[str], payment: st.SearchStrategy[Data], *, expert: bool) -> Data:
    bases = [{"period": label, "base_gbp": draw(pounds(10**7)) + Decimal("0.01")} for label in labels]
    top_up: Data = {"base": bases, "pool_share": draw(knots("share_pct", most=1000))}
    if draw(st.booleans()):
        top_up["pool_pct_of_base"] = draw(tenths(0, 300))
    else:
        top_up["pool_points"] = []
        for label in labels:
            agreed: Data = {"period": label, "points": draw(tenths(0, 9000)), "value_gbp": draw(pounds(300))}
            for name in ("value_adjusters", "adjusters"):
                if draw(st.booleans()):
                    agreed[name] = _adjusters(draw)
            top_up["pool_points"].append(agreed)
    begins = draw(tenths(-1000, 900))
    bonus = {"pct_of_base": draw(tenths(0, 50)), "from_score": begins, "full_score": begins + draw(tenths(1, 900))}
    _put(draw, top_up, "bonus", st.just(bonus))
    award = st.fixed_dictionaries({"greatest_gbp": pounds(10**5), "agreed_by": st.just("unanimous")})
    _put(draw, top_up, "unplanned_award", award)
    pot = {"amount_gbp": Decimal(60_000), "purpose": "New ways."}
    _put(draw, top_up, "innovation_pot", st.sampled_from([pot, {**pot, "ledger_line": "pot"}]))
    if expert:
        learning = {"condition": "Takes part.", "withhold_gbp": draw(pounds(20_000)), "recorded_by": [EXPERT]}
        _put(draw, top_up, "learning_and_development", st.just(learning))
    advances: Data = {
        "turnover_below_gbp": draw(pounds(10**8)),
        "pct_of_expected": draw(tenths(0, 1000)),
        "expected_score": draw(tenths(-1000, 1000)),
        "left_at_end": "written_off",
    }
    _put(draw, advances, "periods", st.just(list(labels)))
    _put(draw, top_up, "advances", st.just(advances))
    _put(draw, top_up, "payment", payment)
    return top_up


def _by_period(draw: st.DrawFn, labels: Sequence[str], name: str, strategy: st.SearchStrategy[Any]) -> list[Data]:
    return [{"period": label, name: draw(strategy)} for label in labels]


def _kra_pool(draw: st.DrawFn, labels: Sequence[str]) -> Data:
    shares = draw(knots("share_pct", most=1000))
    if draw(st.booleans()):
        shares = [{"score": knot["score"], "share_pct": knot["share_pct"] - 50} for knot in shares]
    return {"pools": _by_period(draw, labels, "pool_gbp", pounds(10**6)), "pool_share": shares}


def _rate_card(draw: st.DrawFn, labels: Sequence[str]) -> Data:
    rows = [
        {
            "id": f"row-{index}",
            "name": draw(TEXTS),
            "kpi": f"R{index}",
            "counting_unit": draw(st.sampled_from(["person", "claim"])),
            "price_gbp": draw(pounds(5_000)),
            "caps": _by_period(draw, labels, "cap_gbp", pounds(10**6)),
        }
        for index in range(draw(st.integers(1, 2)))
    ]
    return {"rows": rows}


def _activity(draw: st.DrawFn, labels: Sequence[str], settle_by: str) -> Data:
    elements = []
    for index in range(draw(st.integers(1, 2))):
        element: Data = {
            "id": f"element-{index}",
            "name": draw(TEXTS),
            "kpi": f"E{index}",
            "unit": draw(st.sampled_from(["GBP", "contacts"])),
            "price_gbp": draw(pounds(500)),
            "planned": _by_period(draw, labels, "units", tenths(0, 10_000)),
            "above_pct": draw(tenths(0, 1000)),
            "below_pct": draw(tenths(0, 1000)),
        }
        _put(draw, element, "threshold_pct", tenths(0, 1200))
        elements.append(element)
    found: Data = {"fixed": _by_period(draw, labels, "fixed_gbp", pounds(10**6)), "elements": elements}
    if settle_by == "year":
        _put(draw, found, "block_below_gbp", pounds(10**6))
    return found


def _avoided(draw: st.DrawFn, labels: Sequence[str]) -> Data:
    row = {
        "id": "admissions",
        "name": draw(TEXTS),
        "kpi": "V0",
        "price_gbp": draw(pounds(5_000)),
        "expected": _by_period(draw, labels, "number", tenths(0, 10_000)),
        "saved_by": "payer",
    }
    _put(draw, row, "cashable_pct", tenths(0, 1000))
    return {"certified_by": ["payer", "member-0"], "rows": [row]}


def _risk(draw: st.DrawFn, labels: Sequence[str], *, shadow: bool, loses: bool) -> list[Data]:
    found = []
    for label in labels:
        risk: Data = {"period": label}
        if not shadow:
            _put(draw, risk, "shadow", st.booleans())
        if loses:
            _put(draw, risk, "loss_part_pct", tenths(0, 1000))
        if len(risk) > 1:
            found.append(risk)
    return found


def _limits(draw: st.DrawFn, finance: Data) -> Data:
    stop_loss = finance.get("loss", {}).get("stop_loss", {})
    excess = stop_loss.get("excess_to") or draw(st.sampled_from(["commissioner", "other_members"]))
    limit = {"of": "alliance income", "amount_gbp": draw(pounds(10**6)), "pct": draw(tenths(0, 100))}
    return {"excess_to": excess, "members": [{"member": "member-0", "limits": [limit]}]}


def _accounts(draw: st.DrawFn) -> Data:
    found: Data = {}
    for name in Accounts.model_fields:
        _put(draw, found, name, st.sampled_from(["A1", "B-2"]))
    return found


def _add_other_lines(draw: st.DrawFn, finance: Data, labels: Sequence[str], settle_by: str) -> None:
    """KRA pool, rate card, activity: at least one where neither cost nor top-up is agreed."""
    chosen = draw(st.sets(st.sampled_from(OTHER_ENTRIES), min_size=0 if len(finance) > 1 else 1))
    if "kra_pool" in chosen:
        finance["kra_pool"] = _kra_pool(draw, labels)
    if "rate_card" in chosen:
        finance["rate_card"] = _rate_card(draw, labels)
    if "activity" in chosen:
        finance["activity"] = _activity(draw, labels, settle_by)


def _finance(draw: st.DrawFn, labels: Sequence[str], gates: Sequence[str], data: Data, *, expert: bool) -> Data:
    settle_by, shadow = data["agreement"]["settle_by"], data["agreement"]["shadow"]
    commissioners = [party["id"] for party in data["parties"]["commissioners"]]
    payment = payments(commissioners, data["contracts"]["prime"] if "contracts" in data else "alliance")
    regimes = draw(st.sampled_from(["shared cost", "top-up", "both", "both", "neither"]))
    finance: Data = {"payment": draw(payment)}
    if regimes in ("shared cost", "both"):
        finance |= _shared_cost(draw, labels, gates)
        _put(draw, finance, "avoided", st.just(_avoided(draw, labels)))
        _put(draw, finance, "limbs", st.just({"reimbursed": "Cost.", "fee": "Fee.", "gain_or_loss": "Shared."}))
    if regimes in ("top-up", "both"):
        finance["top_up"] = _top_up(draw, labels, payment, expert=expert)
    _add_other_lines(draw, finance, labels, settle_by)
    for name in OTHER_ENTRIES:
        if name in finance:
            _put(draw, finance[name], "payment", payment)
    loses = "loss" in finance or any(
        knot["share_pct"] < 0 for knot in finance.get("kra_pool", {}).get("pool_share", ())
    )
    if loses:
        _put(draw, finance, "loss_limits", st.just(_limits(draw, finance)))
    if draw(st.booleans()) and (risk := _risk(draw, labels, shadow=shadow, loses=loses)):
        finance["risk_by_period"] = risk
    if regimes != "neither" or "kra_pool" in finance:
        share = [{"score": knot["score"], "share_pct": knot["factor"]} for knot in draw(knots())]
        _put(draw, finance, "future_work", st.just({"meaning": "May be extended.", "share": share}))
    _put(draw, finance, "reclaim_from_gbp", pounds(1_000))
    _put(draw, finance, "grant_sources", st.just(["code nine"]))
    _put(draw, finance, "accounts", st.just(_accounts(draw)))
    if "advances" not in finance.get("top_up", {}):
        _put(draw, finance, "advances_recouped", st.booleans())
    if finance.get("advances_recouped"):
        paid = {"period": labels[0], "members": [{"id": "member-0", "amount_gbp": draw(pounds(1_000))}]}
        _put(draw, finance, "advances_paid", st.just([paid]))
    return finance


def _gate(draw: st.DrawFn, *, expert: bool) -> Data:
    """Without an independent role, nobody may record that a figure does not count: each side could gain from it."""
    deem: Data = {"level": draw(st.sampled_from(LEVELS))}
    _put(draw, deem, "better_of_own", st.booleans())
    causes: list[Data] = [
        {"cause": "not_reported", "action": "forfeit", "recorded_by": [EXPERT if expert else "member-0"]},
        {"cause": "not_theirs", "action": "deem", "deem": deem, "recorded_by": [EXPERT if expert else "payer"]},
    ]
    if expert:
        causes.append({"cause": "withdrawn", "action": "neutral", "recorded_by": [EXPERT]})
    gate: Data = {
        "integrity": ["cut.register", "ledger.suite"],
        "fitness": [{"check": "kpi.complete_days", "max_missing_pct": draw(tenths(0, 100)), "meaning": "Complete."}],
        "causes": [{"meaning": "As agreed.", **cause} for cause in causes],
    }
    few = {
        "least_denominator": draw(st.integers(11, 500)),
        "least_count": draw(st.integers(1, 50)),
        "action": "neutral",
    }
    _put(draw, gate, "small_numbers", st.just(few))
    return gate


def _flags(draw: st.DrawFn, framework: Data, settle_by: str) -> list[Data]:
    paid = [kpi for kpi in framework["kpis"] if kpi["role"] == "paid"]
    lagged = any(kpi.get("measurement_lag_months", 0) % 3 for kpi in paid)
    lengths = ["quarter", "year"] if settle_by == "year" and not lagged else [settle_by]
    if settle_by == "year" and lagged:
        lengths = ["year"]
    kinds = ["worse_than", "reaches"] * draw(st.integers(1, 2))
    return [
        {
            "id": f"flag-{index}",
            "meaning": "May be considered.",
            "kpis": [kpi["id"] for kpi in paid],
            kind: draw(st.sampled_from(LEVELS)),
            "at_least": draw(st.integers(1, len(paid))),
            "of_periods": draw(st.sampled_from(lengths)),
            "running": draw(st.integers(1, 3)),
        }
        for index, kind in enumerate(kinds)
    ]


def _counted(draw: st.DrawFn, finance: Data, settle_by: str) -> list[Data]:
    """A counted KPI for each row that takes its number."""
    rows = [*finance.get("rate_card", {}).get("rows", ()), *finance.get("activity", {}).get("elements", ())]
    rows += finance.get("avoided", {}).get("rows", ())
    return [_kpi(draw, row["kpi"], "counted", settle_by) for row in rows]


def _spend_levels(draw: st.DrawFn) -> list[Data]:
    found: list[Data] = [{"level": draw(st.integers(1, 5)), "member": "member-0"}]
    if draw(st.booleans()):
        found.append({"level": 3, "member": "member-0", "line": "L1", "effective_from": date(2024, 10, 1)})
    return found


def _governance(draw: st.DrawFn, parties: Data) -> Data:
    """How terms are agreed and applied: boards of all parties, and independent roles where there are some."""
    payers = [party["id"] for party in parties["commissioners"]]
    independents = [party["id"] for party in parties.get("independents", ())]
    members = [party["id"] for party in parties["members"]]
    found: Data = {
        "agree_terms": "unanimous",
        "challenge_window_working_days": draw(st.integers(1, 120)),
        "dispute": draw(TEXTS),
    }
    for name in ("also_approved_by", "assured_by", "determined_by"):
        if independents and draw(st.booleans()):
            found[name] = independents
    if draw(st.booleans()):
        found["certified_by"] = [*payers, *independents]
    if draw(st.booleans()):
        found["parts_in_order"] = draw(st.booleans())
    if draw(st.booleans()):
        found["notice_days"] = draw(st.integers(1, 366))
    if draw(st.booleans()):
        # one body at least sits there, whichever roles are one
        names = ["terms", "certificate"]
        found["boards"] = [
            {
                "id": f"board-{name}",
                "name": draw(TEXTS),
                "seats": [*payers, *members],
                "quorum": 1,
                "passes_by": draw(st.sampled_from(["majority", "unanimous"])),
                "decides": [name],
            }
            for name in draw(st.sampled_from([names, names[:1], names[1:]]))
        ]
    if draw(st.booleans()):
        asked: Data = {
            "id": "accreditation-0",
            "name": draw(TEXTS),
            "recorded_by": draw(st.sampled_from([payers, independents or payers])),
            "when_expired": draw(st.sampled_from(["flag", "withhold"])),
        }
        found["accreditations"] = [asked | ({"members": members[:1]} if draw(st.booleans()) else {})]
    return found


@st.composite
def drawn_terms(draw: st.DrawFn) -> Terms:
    """Valid terms: every entry of the schema is drawn or left out."""
    settle_by = draw(st.sampled_from(sorted(PERIODS)))
    labels = PERIODS[settle_by][: draw(st.integers(1, 2))]
    model = draw(st.sampled_from(["alliance", "prime_provider", "prime_contractor"]))
    parties, framework = _parties(draw, model), _framework(draw, settle_by)
    gates = [kpi["id"] for kpi in framework["kpis"] if kpi["role"] == "gate"]
    expert = "independents" in parties
    data: Data = {
        "terms_format": 1,
        "agreement": _identity(draw, settle_by, model),
        "mandate": {"purpose": draw(TEXTS), "risk_strategy": draw(TEXTS)},
        "parties": parties,
        "framework": framework,
        "scoring": _scoring(draw),
        "gate": _gate(draw, expert=expert),
        "governance": _governance(draw, parties),
    }
    if (contracts := _contracts(draw, model, parties["members"])) is not None:
        data["contracts"] = contracts
    data["finance"] = _finance(draw, labels, gates, data, expert=expert)
    framework["kpis"] += _counted(draw, data["finance"], settle_by)
    if draw(st.booleans()):
        data["spend_levels"] = _spend_levels(draw)
    if expert and draw(st.booleans()):
        data["conditions"] = [{"id": "no-notice", "meaning": "None.", "recorded_by": [EXPERT]}]
    if settle_by != "month" and draw(st.booleans()):
        data["flags"] = _flags(draw, framework, settle_by)
    for problem in find_problems(Terms.model_validate(data)):
        # whether a rate times its factor needs the waiver is another's arithmetic, and tested on its own
        assert "above_whole_waiver" in problem.mend, problem
        data["finance"][problem.path[1]]["above_whole_waiver"] = "Agreed by all."
    terms = Terms.model_validate(data)
    assert find_problems(terms) == []
    return terms


@dataclass(frozen=True)
class Performance:
    """What happened under the terms: one period's rows, and what the gate and the log say of it."""

    terms: Terms
    period_id: str
    kpi_return: list[Data]
    ledger: list[Data]
    gate: GateRecord
    advances: list[Data]
    recorded: PeriodRecords
    actions: Mapping[str, str]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        # the gate's record and what is recorded are sealed, and Hypothesis cannot print them
        printer.text(f"{self.actions} {self.kpi_return} {self.ledger} {self.advances}")

    def settle(self, prior: Sequence[Mapping[str, Any]] = ()) -> Settlement:
        return settle(
            self.terms,
            self.period_id,
            self.kpi_return,
            self.ledger,
            self.gate,
            self.advances,
            prior,
            self.recorded,
        )


def _kpi_row(draw: st.DrawFn, terms: Terms, period_id: str, kpi: Kpi, action: str) -> Data:
    value = Decimal(draw(st.integers(0, 100 * 10**kpi.value_decimals))).scaleb(-kpi.value_decimals)
    seen = value if action in ("pay", "small") or draw(st.booleans()) else None
    numbers = (Decimal(5), Decimal(10)) if action == "small" else (Decimal(400), Decimal(1000))
    status = {"pay": "fit", "small": "too_small"}.get(action, "withheld")
    return {**kpi_row(terms, period_id, kpi, Figure(seen, *numbers)), "quality_status": status, "data_cut_id": CUT}


def _gate_row(terms: Terms, period_id: str, kind: str, scope: str, check: str, **more: Any) -> Data:
    return {
        "agreement_id": terms.id,
        "period_id": period_id,
        "kind": kind,
        "scope": scope,
        "check_id": check,
        "status": "passed",
        "action": "pay",
        "deem_value": None,
        "cause": "",
        "reason": "Said.",
        "mend": "",
        "responsible": "",
        "data_cut_id": CUT,
        "terms_hash": terms.terms_hash,
        **more,
    }


def gate_of(terms: Terms, period_id: str, actions: Mapping[str, str]) -> GateRecord:
    """An audited gate with these actions by scope: those of the terms' causes, `withhold`, `pay`, or `small`."""
    rules: dict[str, CauseRule] = {rule.action: rule for rule in terms.gate.causes}
    rows = [
        _gate_row(terms, period_id, "integrity", "settlement", check)
        for check in (APPROVAL_CHECK, *terms.gate.integrity)
    ]
    (fitness,) = (check.check for check in terms.gate.fitness)
    for scope, action in actions.items():
        more: Data = {}
        if action == "small":
            more = {"action": "neutral"}
        elif action != "pay":
            more = {"status": "failed", "action": action}
            if action in rules:
                more["cause"] = rules[action].cause
            if action == "deem":
                more["deem_value"] = deemed_value(terms, rules[action], scope)
        rows.append(_gate_row(terms, period_id, "fitness", scope, fitness, **more))
    return read_gate_rows(rows, terms, period_id)


def _possible(terms: Terms, scope: str) -> list[str]:
    """What the gate may do to a KPI or the settlement; most often it lets it pay."""
    found = ["pay"] * 6 + ["withhold"] if scope != "settlement" else ["withhold"]
    is_counted = any(kpi.id == scope and kpi.role == "counted" for kpi in terms.judged_kpis)
    for rule in terms.gate.causes:
        if rule.action != "deem" or deemed_value(terms, rule, scope) is not None:
            found.append(rule.action)
    return [*found, "small"] if terms.gate.small_numbers and scope != "settlement" and not is_counted else found


def _ledger(draw: st.DrawFn, terms: Terms, period_id: str) -> list[Data]:
    if terms.finance.shared_cost is None:
        return []
    period, target = terms.period(period_id), terms.target_pounds(terms.target(period_id))
    months = [month.label for month in months_between(month_of(period.start), month_of(period.end))]
    tenth_pct = draw(st.integers(900, 1100) | st.integers(0, 2000))
    cells = [(member, month) for member in terms.member_ids for month in months]
    each = int(target * 100 * tenth_pct / 1000) // len(cells)
    category = draw(st.sampled_from(["reimbursable_cost", "fee"]))
    lines = [("1", category, each)]
    top_up = terms.finance.top_up
    if top_up is not None and top_up.innovation_pot is not None and top_up.innovation_pot.ledger_line is not None:
        lines.append((top_up.innovation_pot.ledger_line, "reimbursable_cost", 100))
    return [
        {
            "agreement_id": terms.id,
            "period_id": period_id,
            "member_id": member,
            "month": month,
            "line_id": line,
            "category": booked,
            "amount_pence": pence,
        }
        for member, month in cells
        for line, booked, pence in lines
    ]


def _recorded(draw: st.DrawFn, terms: Terms, period_id: str) -> PeriodRecords:
    """Absences and one award by the votes of all, as an unsigned log would hold them."""
    found: list[Record] = []

    def record(kind: str, signer: str, **body: Any) -> None:
        number = len(found) + 1
        body = {"approver": f"officer of {signer}", "period_id": period_id, **body}
        found.append(
            Record(terms.id, kind, signer, "2025-05-01T09:00:00Z", "Here", body, signer, number, f"{number:064d}")
        )

    for party in sorted(terms.party_ids):
        dates = {"valid_from": "2024-01-01", "valid_to": ""}
        record("authority_delegated", party, public_key=party, delegated_by="board", **dates)
    pence = draw(st.integers(1, 12 * 10**6))
    for party in terms.approver_ids:
        said: Data = {"vote": "approve", "conflicts": [], "terms_hash": terms.terms_hash}
        record("award_voted", party, outcome="Peer group", amount_pence=str(pence), **said)
    if terms.finance.avoided is not None:
        said = {"row": "admissions", "amount_pence": str(pence), "conflicts": [], "terms_hash": terms.terms_hash}
        for party in terms.finance.avoided.certified_by:
            record("cash_certified", party, **said)
    for condition in terms.conditions or ():
        met = draw(st.sampled_from(["yes", "yes", "no"]))
        record("condition_judged", EXPERT, condition=condition.id, met=met, evidence="Seen.")
    for member in draw(st.lists(st.sampled_from(terms.member_ids), unique=True, max_size=2)):
        record("absence_recorded", EXPERT, member=member, reason="Came to no session.")
    return period_records(found, terms, period_id)


def _advances(draw: st.DrawFn, terms: Terms) -> list[Data]:
    top_up = terms.finance.top_up
    members: tuple[str, ...] = terms.member_ids if terms.finance.advances_recouped else ()
    if top_up is not None and top_up.advances is not None:
        members = small_members(terms, top_up.advances)
    return [
        {"agreement_id": terms.id, "member_id": member, "balance_pence": draw(st.integers(0, 10**8))}
        for member in members
        if draw(st.booleans())
    ]


@st.composite
def performances(draw: st.DrawFn, terms: Terms, always: str | None = None) -> Performance:
    """A period under the terms: KPI values, what the gate says of each, the open book, advances, what the log holds.

    always: what the gate does to every paid KPI.
    """
    period_id = terms.finance.agreed_periods[0]
    actions = {kpi.id: draw(st.sampled_from(_possible(terms, kpi.id))) for kpi in terms.judged_kpis}
    if always is not None:
        actions |= dict.fromkeys((kpi.id for kpi in terms.paid_kpis), always)
    elif draw(st.integers(0, 9)) == 0:
        actions["settlement"] = draw(st.sampled_from(_possible(terms, "settlement")))
    return Performance(
        terms,
        period_id,
        [_kpi_row(draw, terms, period_id, kpi, actions[kpi.id]) for kpi in terms.judged_kpis],
        _ledger(draw, terms, period_id),
        gate_of(terms, period_id, actions),
        _advances(draw, terms),
        _recorded(draw, terms, period_id),
        actions,
    )
