"""Who pays what to whom: payments follow the members' parts to the penny, under their contracts, from agreed budgets."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_world import RAW, quick_terms, settle_simply
from test_settlement_properties import CASES, PENCE, VALUES, agreements
from top_up_world import AT_72, DATA, settle_top_up, with_shared_cost

from foundation.errors import Refused
from settlement.engine import Settlement
from settlement.finance_words import is_grant, is_no_entity, is_undecided
from settlement.payments import Payment
from settlement.postings import RESIDUE
from settlement.terms import Terms, load_terms
from settlement.terms_lint import find_problems
from settlement.yaml_lines import read_lined_yaml

BOARD, COUNCIL = "integrated-care-board", "city-council"
GRANT = "Public Health (ring-fenced) grant 2024/25"


def by_payee(made: Settlement) -> dict[str, Payment]:
    return {payment.payee: payment for payment in made.payments}


def unchecked(changes: Mapping[str, Any]) -> Terms:
    """The agreement with entries replaced by dotted path, its rules not looked at."""
    data = copy.deepcopy(read_lined_yaml(RAW).data)
    for path, value in changes.items():
        *parents, last = path.split(".")
        node: Any = data
        for parent in parents:
            node = node[int(parent)] if isinstance(node, list) else node[parent]
        node[last] = value
    return Terms.model_validate(data)


def rules_broken(changes: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """Path and words of every rule that the agreement with these entries breaks."""
    return [(problem.path, problem.what) for problem in find_problems(unchecked(changes))]


def check_sums(made: Settlement) -> None:
    """Payments of a line and payee are its member line; gross less what moves within one body is what moves."""
    for line in made.member_lines:
        own = [one for one in made.payments if (one.line, one.payee) == (line.line, line.member_id)]
        assert sum(one.amount_pence for one in own) == line.amount_pence
    assert sum(one.amount_pence for one in made.payments) == sum(one.amount_pence for one in made.postings)
    for one in made.payments:
        assert one.net_pence in (0, one.amount_pence)
        assert (one.net_pence == one.amount_pence) == (
            one.amount_pence == 0 or (one.payee != RESIDUE and one.payee_body != one.payer)
        )
        assert bool(one.document) == (one.status == "payable" and one.net_pence != 0)
        assert one.document == ("" if not one.document else "invoice" if one.amount_pence > 0 else "credit_note")
        assert bool(one.document_reference) == bool(one.document)


def test_a_gain_is_paid_under_each_members_own_contract() -> None:
    made = settle_simply(quick_terms({"agreement.shadow": False}))
    paid = by_payee(made)
    check_sums(made)
    assert (paid["acute-trust"].payer, paid["acute-trust"].amount_pence) == (BOARD, 41_039_120)
    assert paid["acute-trust"].contract_reference == "NHS-SC-2024-ACUTE"
    assert paid[COUNCIL].vat_treatment == "recovered under section 33"
    assert paid[COUNCIL].funding_source == "ICB programme allocation"
    assert {one.document for one in made.payments} == {"invoice"}
    reference = paid["acute-trust"].document_reference
    assert re.fullmatch(r"INV-2024-25-gain-acute-trust-integrated-care-board-[0-9a-f]{8}", reference)
    assert reference.endswith(made.settlement_id[:8])


def test_a_loss_flows_back_by_credit_note_and_nobody_is_paid_the_residue() -> None:
    made = settle_simply(quick_terms({"agreement.shadow": False}), Decimal(530), 30_000_000_000)
    paid = by_payee(made)
    check_sums(made)
    assert paid["acute-trust"].amount_pence < 0
    assert paid["acute-trust"].document_reference.startswith("CRN-2024-25-loss-acute-trust-")
    residue = paid[RESIDUE]
    assert residue.amount_pence < 0
    assert (residue.net_pence, residue.document, residue.paid_to, residue.payee_body) == (0, "", "", BOARD)
    assert residue.note == "carried by the commissioner: nothing is paid"


def test_in_shadow_no_document_is_written() -> None:
    assert {(one.status, one.document, one.document_reference) for one in settle_simply(quick_terms({})).payments} == {
        ("shadow", "", "")
    }


PAYERS = [
    {"payer": BOARD, "share_pct": Decimal(55), "funding_source": "ICB programme allocation"},
    {"payer": "county", "share_pct": Decimal(45), "funding_source": "adult social care budget"},
]
SPLIT: dict[str, Any] = {
    "agreement.shadow": False,
    "parties.commissioners": [{"id": BOARD, "name": "Board"}, {"id": "county", "name": "County"}],
    "finance.payment.payers": PAYERS,
    "parties.members.3.body": "county",
}


def test_several_payers_each_pay_their_part_and_gross_is_not_net() -> None:
    """By hand: the city council's line is £86,398.15; 45 % of it is £38,879.1675, paid by the body it belongs to."""
    made = settle_simply(quick_terms(SPLIT))
    check_sums(made)
    own = {one.payer: one for one in made.payments if one.payee == COUNCIL}
    assert (own[BOARD].amount_pence, own[BOARD].net_pence) == (4_751_898, 4_751_898)
    assert (own["county"].amount_pence, own["county"].net_pence) == (3_887_917, 0)
    assert own["county"].note == "payer and payee are one body: no cash moves"
    assert own["county"].document == ""
    assert own["county"].funding_source == "adult social care budget"
    gross = sum(one.amount_pence for one in made.payments)
    assert (gross, sum(one.net_pence for one in made.payments)) == (107_997_685, 107_997_685 - 3_887_917)


def test_a_network_is_paid_through_its_nominated_payee() -> None:
    made = settle_top_up(Terms.model_validate(DATA), AT_72)
    federation = by_payee(made)["gp-federation"]
    assert federation.paid_to == "GP federation"
    assert federation.acts_for.startswith("The six primary care networks")


@CASES
@given(agreements(), VALUES, PENCE, st.integers(1, 99), st.booleans())
def test_payments_are_the_member_lines_to_the_penny(
    terms: Terms, value: Decimal, pence: int, part: int, shadow: bool
) -> None:
    """Any terms, any performance, one payer or two: sums, nets and documents."""
    one = settle_simply(terms, value, pence)
    check_sums(one)
    payers = [{**PAYERS[0], "share_pct": Decimal(part)}, {**PAYERS[1], "share_pct": Decimal(100 - part)}]
    split = quick_terms({**SPLIT, "finance.payment.payers": payers, "agreement.shadow": shadow})
    check_sums(settle_simply(split, value, pence))


@settings(CASES, max_examples=20)
@given(agreements(), VALUES, PENCE, VALUES, PENCE)
def test_a_restatement_pays_the_difference(terms: Terms, value: Decimal, pence: int, later: Decimal, more: int) -> None:
    first = settle_simply(terms, value, pence)
    again = settle_simply(terms, later, more, prior=first.posting_rows())
    check_sums(again)
    paid: dict[tuple[str, str], int] = {}
    for one in (*first.payments, *again.payments):
        paid[one.line, one.payee] = paid.get((one.line, one.payee), 0) + one.amount_pence
    alone = {(one.line, one.payee): one.amount_pence for one in settle_simply(terms, later, more).payments}
    assert {key: pence for key, pence in paid.items() if pence} == {key: pence for key, pence in alone.items() if pence}


def test_the_grant_never_pays_gain() -> None:
    """Terms are refused, and the engine refuses what never went through their rules."""
    path = ("finance", "payment", "funding_source")
    assert [found[0] for found in rules_broken({"finance.payment.funding_source": GRANT})] == [path]
    named = {"finance.grant_sources": ["Cost centre 4711"], "finance.payment.funding_source": "cost centre 4711"}
    assert [found[0] for found in rules_broken(named)] == [path]
    paying = [{**PAYERS[0], "share_pct": Decimal(100), "funding_source": GRANT}]
    assert rules_broken({"finance.payment.payers": paying}) == [
        (("finance", "payment", "payers", 0, "funding_source"), "gain would be paid out of the ring-fenced public health grant.")
    ]  # fmt: skip
    terms = unchecked({"finance.payment.funding_source": GRANT})
    with pytest.raises(Refused, match="out of the ring-fenced public health grant"):
        settle_simply(terms)
    # a loss flows back: it takes nothing out of the grant
    assert settle_simply(terms, Decimal(530), 30_000_000_000).payments
    # an outcome top-up is what the grant is for
    assert {one.funding_source for one in settle_top_up(Terms.model_validate(DATA), AT_72).payments} == {
        "ring-fenced public health grant"
    }


def test_a_top_up_from_the_grant_stands_beside_gain_from_another_budget() -> None:
    grant = {**dict(vars(with_shared_cost().finance.payment)), "funding_source": GRANT}
    made = settle_top_up(with_shared_cost({"finance.top_up.payment": grant}), AT_72, pence=14_000_000_000)
    budgets = {one.line: one.funding_source for one in made.payments}
    assert budgets == {"gain": "ICB programme allocation", "top_up": GRANT, "bonus": GRANT}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("parties.members.0.vat_treatment", "tbc"),
        ("parties.members.1.contract_reference", "-"),
        ("finance.payment.funding_source", "to be decided"),
    ],
)
def test_nothing_undecided_is_payable(path: str, text: str) -> None:
    """Blank, or a word that puts it off: fine in shadow, refused where money moves, by the rules and by the engine."""
    assert rules_broken({path: text}) == []
    (found,) = rules_broken({path: text, "agreement.shadow": False})
    assert found[1] == f"`{path.rpartition('.')[2]}` says `{text}`, and the agreement is payable."
    with pytest.raises(Refused, match=path.rpartition(".")[2]):
        settle_simply(unchecked({path: text, "agreement.shadow": False}))


RULES: list[tuple[str, dict[str, Any], str]] = [
    ("payer twice", {"finance.payment.payers": [PAYERS[0], {**PAYERS[1], "payer": BOARD}]}, "named twice"),
    ("no commissioner", {"finance.payment.payers": [PAYERS[0], {**PAYERS[1], "payer": "acute-trust"}]}, "`acute-trust` is no commissioner"),
    ("not the whole", {"finance.payment.payers": [PAYERS[0]]}, "sum to 55, not 100"),
    ("payer left out", {"finance.payment.payers": [{**PAYERS[1], "payer": "county", "share_pct": Decimal(100)}], "parties.commissioners": SPLIT["parties.commissioners"]}, "pays and is not among"),
    ("payer unknown", {"finance.payment.payer": "county"}, "`county` is no commissioner"),
    ("stands for others", {"parties.members.0.acts_for": "The networks"}, "stands for others, and nobody is named"),
    ("network by name", {"parties.members.0.name": "North PCN"}, "is a network and no legal entity"),
    ("network by words", {"parties.members.0.name": "South primary care network"}, "no legal entity"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_rules_of_payments(changes: Mapping[str, Any], words: str) -> None:
    found = rules_broken(changes)
    assert len(found) == 1, found
    assert words in found[0][1]


def test_words_of_finance() -> None:
    assert all(is_undecided(text) for text in (" ", "TBC", "to be  Confirmed.", "n/a", "?", "unknown"))
    assert not any(is_undecided(text) for text in ("outside scope", "none agreed: exempt", "1"))
    assert all(is_grant(text) for text in ("ring-fenced Public-Health grant", "PHG", "the PH grant", GRANT))
    assert not any(is_grant(text) for text in ("public health", "grant", "ICB programme allocation"))
    assert is_grant("Code 9", ("code 9",))
    assert is_no_entity("north-pcn", "North")
    assert not is_no_entity("pcnx", "General practice federation")


def test_a_rule_names_the_line_of_the_file() -> None:
    broken = RAW.replace(b"funding_source: ICB programme allocation\n    vat", b"funding_source: PH grant\n    vat")
    line = broken.split(b"PH grant")[0].count(b"\n") + 1
    with pytest.raises(Exception, match=f"line {line}: gain would be paid out of") as told:
        load_terms(broken)
    assert "finance.top_up.payment" in str(told.value)
