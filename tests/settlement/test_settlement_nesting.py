"""Contract models: head contract and sub-contracts reconcile to the penny, and each model has its own entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_world import PERIOD, ROOT, approval_for, gate_for, kpi_row, ledger_rows, quick_terms, settle_simply
from test_settlement_properties import CASES, PENCE, VALUES, agreements
from top_up_world import (
    AT_26,
    AT_72,
    DATA,
    GREENWICH,
    absent_in,
    by_line,
    by_member,
    greenwich,
    problems_with,
    settle_top_up,
)

from foundation.errors import Refused
from publication.agreement import steps_for_public
from settlement.allocate import Allocation
from settlement.by_month import party_months
from settlement.engine import Settlement, settle
from settlement.extremes import party_extremes
from settlement.formula import evaluate
from settlement.nesting import keep_promises
from settlement.postings import RESIDUE, share_lines
from settlement.terms import Terms, load_terms
from settlement.terms_lint import find_problems

PRIME = "drug-alcohol-charity"
HEAD = {
    "payer": "council",
    "payee": PRIME,
    "contract_reference": "PH-2024-HEAD",
    "funding_source": "ring-fenced public health grant",
    "vat_treatment": "exempt: welfare services",
}
PROVIDER: dict[str, Any] = {
    "agreement.contract_model": "prime_provider",
    "finance.payment": HEAD,
    "contracts": {"prime": PRIME, "sub_incentives_at_most_pct": Decimal(70)},
}
PROMISED = [
    {"member": "gp-federation", "at_least_gbp": Decimal(90_000)},
    {"member": "youth-charity", "at_least_gbp": Decimal(30_000)},
]
PROMISING = {**PROVIDER, "contracts": {**PROVIDER["contracts"], "promised": PROMISED}}
CONTRACTOR: dict[str, Any] = {
    "agreement.contract_model": "prime_contractor",
    "parties.prime_contractor": {"id": "integrator", "name": "Integrator"},
    "finance.payment": {**HEAD, "payee": "integrator"},
    "contracts": {"prime": "integrator"},
}

_SUBS = ("community-trust", "mental-health-trust", "city-council", "county-council")


def nested_terms(terms: Terms, model: str, promised: Sequence[int] = ()) -> Terms:
    """An alliance's terms under a prime: the acute trust, or an integrator; promises in pounds, sub-contractor by one."""
    data = terms.model_dump(exclude_none=True)
    data["agreement"]["contract_model"] = model
    prime = "acute-trust" if model == "prime_provider" else "integrator"
    data["finance"]["payment"]["payee"] = prime
    data["contracts"] = {"prime": prime}
    if model == "prime_provider":
        # no more than the agreed part nests, to the last per cent
        data["contracts"]["sub_incentives_at_most_pct"] = sum(
            member["share_pct"] for member in data["parties"]["members"] if member["id"] != prime
        )
        if promised:
            data["contracts"]["promised"] = [
                {"member": member, "at_least_gbp": Decimal(least)}
                for member, least in zip(_SUBS, promised, strict=False)
            ]
    else:
        data["parties"]["prime_contractor"] = {"id": prime, "name": "Integrator"}
    found = Terms.model_validate(data)
    assert find_problems(found) == []
    return found


def received(made: Settlement, line: str | None = None) -> dict[str, int]:
    """What each party receives less what it pays, gross, by payee and payer."""
    found: dict[str, int] = {}
    for one in made.payments:
        if line is None or one.line == line:
            found[one.payee] = found.get(one.payee, 0) + one.amount_pence
            found[one.payer] = found.get(one.payer, 0) - one.amount_pence
    return found


def check_nesting(terms: Terms, made: Settlement) -> None:
    """Head and sub-contracts reconcile: each party's net is its line, the prime's the rest, nothing is made or lost."""
    contracts = terms.contracts
    assert contracts is not None
    payers = terms.commissioner_ids
    for line in {posting.line for posting in made.postings}:
        lines = {item.member_id: item.amount_pence for item in made.member_lines if item.line == line}
        nets = received(made, line)
        assert sum(nets.values()) == 0
        for member in terms.member_ids:
            assert nets.get(member, 0) == lines.get(member, 0)
        if contracts.prime not in terms.member_ids:
            assert nets.get(contracts.prime, 0) == 0
        head = sum(one.amount_pence for one in made.payments if (one.line, one.tier) == (line, "head"))
        if line != "sub_contract":
            assert head == sum(pence for member, pence in lines.items() if member != RESIDUE)
        assert head == -sum(nets.get(payer, 0) for payer in payers) - lines.get(RESIDUE, 0)
    keeps = {"gain", "loss", "top_up", "bonus", "award", "sub_contract"}
    own = sum(
        item.amount_pence for item in made.member_lines if item.member_id == contracts.prime and item.line in keeps
    )
    if not made.supersedes:
        assert made.step("prime_part").exact == own


def test_a_prime_provider_worked_by_hand() -> None:
    """GRW-49, GRW-50, as docs/explanation/contract-models.md works it: score 72."""
    terms = greenwich(PROVIDER)
    made = settle_top_up(terms, AT_72)
    check_nesting(terms, made)
    assert by_line(made) == {"top_up": 42_624_000, "bonus": 4_224_000}
    steps: dict[str, Any] = {step.step_id: step.exact for step in made.steps}
    assert steps["head_incentive"] == 46_848_000
    assert steps["sub_incentive.sexual-health-provider"] == 11_712_000
    assert steps["sub_incentives"] == 29_982_720
    assert steps["sub_incentives_limit"] == 32_793_600
    assert (steps["prime_own_cost"], steps["prime_remainder"], steps["prime_part"]) == (0, 16_865_280, 16_865_280)
    heads = {one.line: one for one in made.payments if one.tier == "head"}
    assert heads["top_up"].payee == PRIME
    assert (heads["top_up"].amount_pence, heads["top_up"].contract_reference) == (42_624_000, "PH-2024-HEAD")
    (sub,) = (one for one in made.payments if (one.line, one.payee) == ("bonus", "youth-charity"))
    assert (sub.tier, sub.payer, sub.amount_pence) == ("sub_contract", PRIME, 211_200)
    assert (sub.contract_reference, sub.funding_source) == ("PH-2024-YOUTH", "what the head contract pays")
    assert not [one for one in made.payments if one.tier == "direct"]


def test_what_sub_contracts_promise_beyond_the_agreed_part_is_the_primes_own_cost() -> None:
    """By hand: parts 56,217.60 and 23,424.00; promised 90,000 and 30,000; 40,358.40 more, 12,249.60 of it above 70 %."""
    terms = greenwich(PROMISING)
    made = settle_top_up(terms, AT_72)
    check_nesting(terms, made)
    assert by_line(made) == {"top_up": 42_624_000, "bonus": 4_224_000, "sub_contract": 0}
    assert by_member(made, "sub_contract") == {
        "community-link-charity": 0,
        PRIME: -4_035_840,
        "gp-federation": 3_378_240,
        "healthy-living-trust": 0,
        "sexual-health-provider": 0,
        "youth-charity": 657_600,
    }
    steps: dict[str, Any] = {step.step_id: step.exact for step in made.steps}
    assert steps["sub_incentives"] == 34_018_560
    assert steps["prime_own_cost"] == 1_224_960
    assert (steps["prime_remainder"], steps["prime_part"]) == (14_054_400, 12_829_440)
    notes = {one.member_id: one.note for one in made.member_lines if one.line == "sub_contract" and one.note}
    assert set(notes) == {PRIME, "gp-federation", "youth-charity"}
    (posting,) = (one for one in made.postings if one.line == "sub_contract")
    assert (posting.payer, posting.payee, posting.amount_pence) == (PRIME, "sub-contractors", 0)
    assert {one.funding_source for one in made.payments if one.line == "sub_contract"} == {"own funds of the prime"}


def test_the_same_outcomes_reconcile_under_every_model() -> None:
    """GRW-48, GRW-49: the commissioner pays the same, every member gets the same; only the way there differs."""
    models = [greenwich(), greenwich(PROVIDER), greenwich(CONTRACTOR)]
    made = [settle_top_up(terms, AT_26) for terms in models]
    assert by_line(made[0]) == by_line(made[1]) == by_line(made[2])
    parts = [{(one.line, one.member_id): one.amount_pence for one in item.member_lines} for item in made]
    assert parts[0] == parts[1] == parts[2]
    assert [received(item)["council"] for item in made] == [-sum(by_line(made[0]).values())] * 3


def test_a_prime_contractor_delivers_nothing_and_keeps_nothing() -> None:
    terms = greenwich(CONTRACTOR)
    made = settle_top_up(terms, AT_72)
    check_nesting(terms, made)
    assert made.step("prime_part").exact == 0
    assert "integrator" not in {one.member_id for one in made.member_lines}
    (head,) = (one for one in made.payments if (one.line, one.tier) == ("top_up", "head"))
    assert (head.payee, head.paid_to, head.amount_pence) == ("integrator", "Integrator", 42_624_000)
    assert "integrator" in terms.approver_ids
    assert "integrator" in terms.party_ids
    assert terms.gains_from("integrator", "deem")
    assert approval_for(terms).ok
    cost = nested_terms(quick_terms({}), "prime_contractor")
    check_nesting(cost, settle_simply(cost, Decimal(530), 30_000_000_000))
    book = ledger_rows(cost)
    book[0]["member_id"] = "integrator"
    with pytest.raises(Refused, match="integrator 2024-04 line 1 is of no member"):
        settle(cost, PERIOD, [kpi_row(cost)], book, gate_for(cost))


def test_a_withheld_settlement_keeps_no_promise_and_its_release_does() -> None:
    terms = greenwich(PROMISING)
    waits = settle_top_up(terms, AT_72, {"settlement": ("withhold", "", None)})
    check_nesting(terms, waits)
    assert (waits.status, received(waits)[PRIME]) == ("withheld", 0)
    released = settle_top_up(terms, AT_72, prior=waits.posting_rows())
    assert by_member(released, "sub_contract")["youth-charity"] == 657_600
    again = settle_top_up(terms, AT_72, prior=[*waits.posting_rows(), *released.posting_rows()])
    assert (again.postings, again.payments) == ((), ())


def test_promises_in_the_ends_of_what_a_party_can_gain_and_lose() -> None:
    plain, promising = party_extremes(greenwich(PROVIDER), PERIOD), party_extremes(greenwich(PROMISING), PERIOD)
    # £30,000.00 whatever the score, less £5,000.00 should it not take part in learning
    assert promising["youth-charity"] == replace(plain["youth-charity"], at_least_pence=2_500_000)
    (last,) = (one for one in party_months(greenwich(PROMISING), PERIOD)
               if (one.party, one.month) == ("youth-charity", "2025-03"))  # fmt: skip
    assert (last.worst_pence, last.best_pence) == (2_500_000, plain["youth-charity"].greatest_gain_pence)
    # promised evenly over the year: of 2,500,000 pence five twelfths by the end of August, in whole pence
    (august,) = (one for one in party_months(greenwich(PROMISING), PERIOD)
                 if (one.party, one.month) == ("youth-charity", "2024-08"))  # fmt: skip
    assert august.worst_pence == 1_041_666
    nothing = {**AT_72, **dict.fromkeys(("G1", "G2", "G4", "G5", "G6", "G7"), "0.0")}
    worst = settle_top_up(greenwich(PROMISING), nothing, recorded=absent_in(greenwich(PROMISING), "youth-charity"))
    assert sum(one.amount_pence for one in worst.member_lines if one.member_id == "youth-charity") >= 2_500_000
    assert promising[PRIME].greatest_loss_pence == 12_000_000
    large = greenwich(
        {**PROVIDER, "contracts": {**PROVIDER["contracts"], "promised": [{**PROMISED[0], "at_least_gbp": Decimal(10**6)}]}}
    )  # fmt: skip
    assert party_extremes(large, PERIOD)["gp-federation"].greatest_gain_pence == 100_000_000
    unbounded = quick_terms({"finance.loss.cap_pct_of_target": None, "finance.loss.stop_loss": None})
    endless = nested_terms(unbounded, "prime_provider", [40])
    ends = party_extremes(endless, PERIOD)
    assert ends["acute-trust"].greatest_loss_pence is None
    assert ends["community-trust"].greatest_loss_pence == 0


@CASES
@given(
    agreements(),
    VALUES,
    PENCE,
    st.lists(st.integers(0, 3_000_000), max_size=4),
    st.sampled_from(["prime_provider", "prime_contractor"]),
)
def test_nesting_conserves_pence(terms: Terms, value: Decimal, pence: int, promised: list[int], model: str) -> None:
    """Any terms, performance and promises: head, sub-contracts and the prime's own cost reconcile."""
    nested = nested_terms(terms, model, promised)
    made = settle_simply(nested, value, pence)
    check_nesting(nested, made)
    steps: dict[str, Any] = {step.step_id: step.exact for step in made.steps}
    if model == "prime_provider":
        within = steps["sub_incentives"] - steps["prime_own_cost"]
        assert within <= steps["sub_incentives_limit"]
        assert steps["prime_own_cost"] >= 0
        if not promised:
            assert steps["prime_own_cost"] == 0
    for member, least in zip(_SUBS, promised if model == "prime_provider" else (), strict=False):
        assert received(made)[member] >= least * 100
    ends = party_extremes(nested, PERIOD)
    for member in nested.member_ids:
        assert received(made)[member] <= (ends[member].greatest_gain_pence or 0) + 1
        if (most := ends[member].greatest_loss_pence) is not None:
            assert received(made)[member] >= -most - 1


@settings(CASES, max_examples=20)
@given(agreements(), VALUES, PENCE, VALUES, PENCE, st.lists(st.integers(0, 3_000_000), max_size=4))
def test_nesting_restates_as_differences(
    terms: Terms, value: Decimal, pence: int, later: Decimal, more: int, promised: list[int]
) -> None:
    nested = nested_terms(terms, "prime_provider", promised)
    first = settle_simply(nested, value, pence)
    again = settle_simply(nested, later, more, prior=first.posting_rows())
    check_nesting(nested, again)
    alone = received(settle_simply(nested, later, more))
    both = [received(first), received(again)]
    for party in alone:
        assert sum(item.get(party, 0) for item in both) == alone[party]
    third = settle_simply(nested, later, more, prior=[*first.posting_rows(), *again.posting_rows()])
    assert third.postings == ()


RULES: list[tuple[str, dict[str, Any], str]] = [
    ("alliance with contracts", {"contracts": {"prime": PRIME}}, "`contracts` does not belong to the contract model `alliance`"),
    ("alliance with contractor", {"parties.prime_contractor": {"id": "integrator", "name": "I"}}, "`prime_contractor` does not belong"),
    ("provider without contracts", {**PROVIDER, "contracts": None}, "needs `contracts`"),
    ("contractor without contracts", {**CONTRACTOR, "contracts": None}, "needs `contracts`"),
    ("provider with contractor", {**PROVIDER, "parties.prime_contractor": {"id": "integrator", "name": "I"}}, "`prime_contractor` does not belong"),
    ("no most", {**PROVIDER, "contracts": {"prime": PRIME}}, "needs `sub_incentives_at_most_pct`"),
    ("too much nests", {**PROVIDER, "contracts": {"prime": PRIME, "sub_incentives_at_most_pct": Decimal(60)}}, "hold 64 percent of the head's incentive, more than the agreed 60"),
    ("promise to the prime", {**PROVIDER, "contracts": {**PROVIDER["contracts"], "promised": [{"member": PRIME, "at_least_gbp": 1}]}}, "is no sub-contractor here"),
    ("promise to nobody", {**PROVIDER, "contracts": {**PROVIDER["contracts"], "promised": [{"member": "x", "at_least_gbp": 1}]}}, "`x` is no sub-contractor"),
    ("promise twice", {**PROVIDER, "contracts": {**PROVIDER["contracts"], "promised": [PROMISED[0], PROMISED[0]]}}, "named twice"),
    ("paid past the prime", {**PROVIDER, "finance.payment": {**HEAD, "payee": "alliance members"}}, "the head contract pays the prime"),
    ("top-up past the prime", {**PROVIDER, "finance.top_up.payment": {**HEAD, "payee": "youth-charity"}}, "`youth-charity` is paid"),
    ("no contractor", {**CONTRACTOR, "parties.prime_contractor": None}, "needs `prime_contractor`"),
    ("another contractor", {**CONTRACTOR, "contracts": {"prime": PRIME}, "finance.payment": HEAD}, "is not the prime contractor"),
    ("contractor with part", {**CONTRACTOR, "contracts": {"prime": "integrator", "sub_incentives_at_most_pct": Decimal(70)}}, "`sub_incentives_at_most_pct` does not belong"),
    ("contractor with promises", {**CONTRACTOR, "contracts": {"prime": "integrator", "promised": PROMISED}}, "`promised` does not belong"),
    ("contractor's id taken", {**CONTRACTOR, "parties.prime_contractor": {"id": PRIME, "name": "I"}, "contracts": {"prime": PRIME}, "finance.payment": HEAD}, "is taken"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_rules_of_contract_models(changes: Mapping[str, Any], words: str) -> None:
    found = problems_with(changes)
    assert len(found) == 1, found
    assert words in found[0].what


def test_a_provider_that_is_no_member_and_one_alone() -> None:
    outside = problems_with(
        {**PROVIDER, "contracts": {"prime": "integrator", "sub_incentives_at_most_pct": Decimal(100)}}
    )
    assert [problem.path for problem in outside] == [("contracts", "prime"), ("finance", "payment", "payee")]
    alone = problems_with(
        {**PROVIDER, "parties.members": [{**DATA["parties"]["members"][0], "share_pct": Decimal(100)}]}
    )
    assert [problem.what for problem in alone] == ["the prime has no sub-contractor."]


def test_a_rule_of_the_model_names_the_line_of_the_file() -> None:
    raw = GREENWICH.read_bytes().replace(b"contract_model: alliance", b"contract_model: prime_provider")
    with pytest.raises(Exception, match="the contract model `prime_provider` needs `contracts`"):
        load_terms(raw)


def test_the_page_works_this_example() -> None:
    """The entries of the page are those settled here, and every sum it gives by hand is a step's."""
    page = (ROOT / "docs" / "explanation" / "contract-models.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(page.split("```yaml")[1].split("```")[0])
    assert shown["agreement"]["contract_model"] == PROMISING["agreement.contract_model"]
    assert shown["finance"]["payment"] == HEAD
    assert shown["contracts"] == PROMISING["contracts"]
    made = settle_top_up(greenwich(PROMISING), AT_72)
    rows = re.findall(r"^\| `([a-z_.-]+)` \| .* \| £([0-9,.]+) \|$", page, re.MULTILINE)
    assert len(rows) == 11
    for step, pounds in rows:
        assert made.step(step).exact == Decimal(pounds.replace(",", "")) * 100


def test_no_public_page_shows_what_the_prime_keeps() -> None:
    terms = greenwich(PROMISING)
    made = settle_top_up(terms, AT_72)
    public = {row["step_id"] for row in steps_for_public(made.step_rows(), frozenset(terms.member_ids))}
    nesting = {step.step_id for step in made.steps if "contracts" in step.terms_reference}
    assert len(nesting) == 8
    assert not public & nesting
    assert "overall_score" in public


def test_a_begun_penny_counts_whole() -> None:
    assert [evaluate("round_up(x)", {"x": Fraction(tenths, 10)}) for tenths in (-11, 0, 1, 10)] == [-1, 0, 1, 1]


def test_a_promise_is_kept_to_the_penny_and_not_beyond() -> None:
    """£90,000 and £30,000 promised: a penny short is paid by the prime, a penny over is nobody's, nor is it withheld."""
    terms = greenwich(PROMISING)
    for short, over, paid in ((1, 1, 1), (0, 0, 0), (0, 5, 0), (-7, 9, 0), (100, -100, 200)):
        parts = dict.fromkeys(terms.member_ids, 0)
        parts |= {"gp-federation": 9_000_000 - short, "youth-charity": 2_000_000 + over}
        # the bonus counts towards the promise too
        bonus = dict.fromkeys(terms.member_ids, 0) | {"youth-charity": 1_000_000}
        shared = {"top_up": Allocation(parts, 0, frozenset()), "bonus": Allocation(bonus, 0, frozenset())}
        kept = keep_promises(terms, PRIME, shared, live=True)
        assert kept.parts[PRIME] == -paid
        assert kept.parts["gp-federation"] == max(short, 0)
        assert kept.parts["youth-charity"] == max(-over, 0)
        assert (sum(kept.parts.values()), kept.residue, kept.capped) == (0, 0, frozenset())
        assert set(keep_promises(terms, PRIME, shared, live=False).parts.values()) == {0}


def test_of_nothing_nothing_may_nest() -> None:
    nothing = {kpi.id: str(kpi.levels.minimum) for kpi in greenwich().paid_kpis if kpi.levels}
    made = settle_top_up(greenwich(PROVIDER), nothing)
    assert by_line(made)["top_up"] == 0
    assert made.step("sub_incentives_limit").exact == 0
    assert made.step("head_incentive").exact == made.step("prime_part").exact == 0


def test_sub_contracts_without_promises_have_no_line() -> None:
    """What is promised is owed as soon as anything moves, unless it is said that nothing does."""
    total = {"top_up": 1_000_000}
    assert "sub_contract" not in share_lines(greenwich(), total, {})
    assert "sub_contract" not in share_lines(greenwich(PROVIDER), total, {})
    promising = greenwich(PROMISING)
    owed = share_lines(promising, total, {})
    assert owed == share_lines(promising, total, {}, live=True)
    assert owed["sub_contract"].parts[PRIME] == owed["top_up"].parts["gp-federation"] - 9_000_000 + (
        owed["top_up"].parts["youth-charity"] - 3_000_000
    )
    assert set(share_lines(promising, total, {}, live=False)["sub_contract"].parts.values()) == {0}
