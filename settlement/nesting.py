"""Sub-contract incentives under one head contract: what nests in it, what the prime keeps, what is its own cost.

Belongs here: keeping what sub-contracts promise, and the steps from the head's incentive to the prime's part.
Not here: the head's own lines (`lines`), their division by shares (`postings`), the payments (`payments`).

Under a prime provider the agreed share of the others is their sub-contract incentive, and the prime's is the remainder.
What sub-contracts promise beyond the part of the head's incentive that may go to them is a cost of the prime: it raises
neither what the commissioner pays nor what another sub-contractor gets less. A prime contractor delivers nothing, is no
member and passes all of it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from foundation.figures import figure_id
from settlement.allocate import Allocation
from settlement.exact import exact
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.terms_contracts import Contracts
from settlement.terms_parts import Payment

# The line between prime and sub-contractors: its parts sum to 0, so nothing of it concerns the commissioner.
SUB_CONTRACT = "sub_contract"
OWN_FUNDS = "own funds of the prime"


def promises(terms: Terms) -> dict[str, int]:
    """Pence that sub-contracts promise at least, by member; {} without any."""
    contracts = terms.contracts
    agreed = () if contracts is None or contracts.promised is None else contracts.promised
    return {promise.member: int(exact(promise.at_least_gbp) * 100) for promise in agreed}


def keep_promises(terms: Terms, prime: str, shared: Mapping[str, Allocation], *, live: bool) -> Allocation:
    """What each sub-contractor still gets up to its promise, which the prime pays. Nothing while all is withheld."""
    parts = dict.fromkeys(sorted(terms.member_ids), 0)
    for member, pence in promises(terms).items() if live else ():
        missing = max(pence - sum(line.parts[member] for line in shared.values()), 0)
        parts[member] += missing
        parts[prime] -= missing
    return Allocation(parts, 0, frozenset())


def promise_payment(prime: str) -> Payment:
    """Payer, payee, contract and budget of the line between prime and sub-contractors."""
    recorded = "as recorded by each member for its own contract"
    return Payment(
        payer=prime,
        payee="sub-contractors",
        contract_reference="sub-contracts",
        funding_source=OWN_FUNDS,
        vat_treatment=recorded,
    )


def _take_head(statement: Statement, prime: str, posted: Mapping[str, Step], residues: Mapping[str, int]) -> Step:
    uses: dict[str, Given | Step] = {f"{line}_posted": step for line, step in posted.items()}
    formula = " + ".join(uses)
    for line, residue in residues.items():
        reference = figure_id(
            "member",
            agreement=statement.agreement_id,
            period=statement.period_id,
            line=line,
            member="commissioner-residue",
        )
        uses[f"{line}_carried"] = Given(Fraction(residue), "pence", reference)
        formula += f" - {line}_carried"
    return statement.step(
        "head_incentive",
        f"Incentive of the head contract, between commissioner and {prime}",
        formula,
        uses,
        "pence",
        "terms:contracts.prime",
    )


def _take_sub(
    statement: Statement, terms: Terms, member: str, shared: Mapping[str, Allocation], promised: int | None
) -> Step:
    uses: dict[str, Given | Step] = {
        f"{line}_part": Given(
            Fraction(allocation.parts[member]),
            "pence",
            figure_id("member", agreement=statement.agreement_id, period=statement.period_id, line=line, member=member),
        )
        for line, allocation in shared.items()
    }
    formula, path = " + ".join(uses), f"terms:parties.members.{member}.share_pct"
    label = f"Sub-contract incentive of {member}: its agreed part"
    if promised is not None:
        path = f"terms:contracts.promised.{member}"
        uses["promised"] = Given(Fraction(promised, 100), "GBP", f"{path}.at_least_gbp")
        formula, label = f"max({formula}, promised * 100)", f"{label}, and at least what is promised"
    return statement.step(f"sub_incentive.{member}", label, formula, uses, "pence", path)


def _name(member: str) -> str:
    return f"sub_incentive_{member.replace('-', '_')}"


def _take_provider(
    statement: Statement, contracts: Contracts, posted: Iterable[tuple[str, Step]], head: Step, subs: Step
) -> None:
    """What may nest, what exceeds it, and what is left for the prime's own delivery.

    Each label names the prime, a member: the sums are its own money, and no public page shows such a step.
    """
    at_most = contracts.sub_incentives_at_most_pct
    prime, path = contracts.prime, "terms:contracts.sub_incentives_at_most_pct"
    uses: dict[str, Given | Step] = {f"{line}_posted": step for line, step in posted}
    parts = [f"round_up(max({name}, 0) * at_most)" for name in uses]
    uses["at_most"] = Given(exact(at_most or 0) / 100, "ratio", path)
    limit = statement.step(
        "sub_incentives_limit",
        f"Most of the head's incentive that may go to those {prime} sub-contracts, pennies begun counted whole",
        " + ".join(parts),
        uses,
        "pence",
        path,
    )
    cost = statement.step(
        "prime_own_cost",
        f"Own cost of {prime}: what its sub-contracts pay beyond the most that the head's incentive may fund",
        "max(sub_incentives - sub_incentives_limit, 0)",
        {"sub_incentives": subs, "sub_incentives_limit": limit},
        "pence",
        path,
    )
    rest = statement.step(
        "prime_remainder",
        f"Remainder of the head's incentive, for what {prime} delivers itself",
        "head_incentive - (sub_incentives - prime_own_cost)",
        {"head_incentive": head, "sub_incentives": subs, "prime_own_cost": cost},
        "pence",
        "terms:contracts.prime",
    )
    statement.step(
        "prime_part",
        f"What {prime} keeps: the remainder less its own cost",
        "prime_remainder - prime_own_cost",
        {"prime_remainder": rest, "prime_own_cost": cost},
        "pence",
        "terms:contracts.prime",
    )


def take_nesting(
    statement: Statement,
    terms: Terms,
    contracts: Contracts,
    posted: Mapping[str, Step],
    shared: Mapping[str, Allocation],
    *,
    live: bool,
) -> None:
    """The steps from the head contract's incentive to what the prime keeps.

    posted: the step of what each line of the alliance comes to: its rounding, or what stands as posted
    before. shared: its parts, by line. live: whether anything moves.
    """
    own = {line: shared[line] for line in posted}
    residues = {line: allocation.residue for line, allocation in own.items() if allocation.residue}
    head = _take_head(statement, contracts.prime, posted, residues)
    promised = promises(terms) if live else {}
    subs = {
        _name(member): _take_sub(statement, terms, member, own, promised.get(member))
        for member in terms.member_ids
        if member != contracts.prime
    }
    all_subs = statement.step(
        "sub_incentives",
        f"Sub-contract incentives under {contracts.prime}, together",
        " + ".join(subs),
        subs,
        "pence",
        "terms:contracts",
    )
    if contracts.prime in terms.member_ids:
        _take_provider(statement, contracts, posted.items(), head, all_subs)
        return
    statement.step(
        "prime_part",
        f"What {contracts.prime} keeps: it delivers nothing and passes all of it on",
        "head_incentive - sub_incentives",
        {"head_incentive": head, "sub_incentives": all_subs},
        "pence",
        "terms:contracts.prime",
    )
