"""What each thing that can be signed asks for, and the entry it becomes.

Belongs here: from options of `outturn sign` to a draft, read off the home's own terms, settlements and log.
Not here: showing and signing it (`signing`), whether it counts (`settlement.entry_faults`).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from foundation.canonical import content_id, sha256_bytes
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from orchestration.cycle import AgreementOnFile, agreements_of, current_cycle, only
from orchestration.settling import settlement_folder
from orchestration.signing import Draft, Given, approver_of

if TYPE_CHECKING:
    from settlement.decisions import Record
    from settlement.terms import Terms


@dataclass(frozen=True)
class OnFile:
    """A settlement of the release in force, as it lies in the home."""

    settlement_id: str
    period_id: str
    status: str
    supersedes: str
    terms_hash: str
    number: int
    postings: Sequence[Mapping[str, Any]]
    member_rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Context:
    """What a draft is made from."""

    home: Home
    terms: Terms
    records: Sequence[Record]
    given: Given
    approver: str
    options: Mapping[str, str] = field(default_factory=dict)

    def settlement(self) -> OnFile:
        return settlement_in_force(self.home, self.terms.id, self.options["period"], self.options.get("settlement"))


def settlements_in_force(home: Home, agreement_id: str) -> tuple[OnFile, ...]:
    """The settlements of an agreement that the release in force holds or restates, by period, oldest first.

    Refused when a file was changed.
    """
    held = set()
    for table in ("prior_postings", "postings"):
        path = home.current / "members" / f"{table}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as handle:
                rows = [row for row in csv.DictReader(handle) if row["agreement_id"] == agreement_id]
            held |= {(row["period_id"], row["settlement_id"]) for row in rows}
    found = [_read_settlement(home, agreement_id, *one) for one in held]
    return tuple(sorted(found, key=lambda one: (one.period_id, one.number)))


def settlement_in_force(home: Home, agreement_id: str, period_id: str, named: str | None = None) -> OnFile:
    """The last settlement of a period that posts something, or the one whose id begins as named. Refused for none."""
    found = [one for one in settlements_in_force(home, agreement_id) if one.period_id == period_id]
    if named is not None:
        found = [one for one in found if one.settlement_id.startswith(named)]
    if found:
        return found[-1]
    which = f" with the id {named}" if named else ""
    raise Refused(
        f"the release in force holds no settlement of {agreement_id} for {period_id}{which}.",
        "settle and publish it first (`outturn run`): only what the members can read is signed.",
    )


def _read_settlement(home: Home, agreement_id: str, period_id: str, settlement_id: str) -> OnFile:
    from settlement.files import read_rows

    folder = settlement_folder(home, agreement_id, period_id) / settlement_id
    marker = json.loads((folder / "settlement.json").read_bytes())
    tables = {}
    for table in ("postings", "member_lines"):
        raw = (folder / f"{table}.csv").read_bytes()
        if sha256_bytes(raw) != marker["files"][f"{table}.csv"]:
            raise Refused(f"{folder} was changed after it was settled.", "restore it from backup.")
        tables[table] = read_rows(table, raw)
    postings = tables["postings"]
    return OnFile(
        settlement_id, period_id, str(postings[0]["status"]), str(postings[0]["supersedes"]),
        str(marker["terms_hash"]), int(marker["number"]), postings, tables["member_lines"],
    )  # fmt: skip


def agreement_asked(home: Home, agreement_id: str, period_id: str | None, effective: str | None) -> AgreementOnFile:
    """The version of an agreement's terms that is meant: of a first day, in force in a period, else the last one."""
    versions = sorted(only(agreements_of(home), agreement_id), key=lambda item: item.terms.agreement.effective_from)
    if effective is not None:
        chosen = [item for item in versions if item.terms.agreement.effective_from.isoformat() == effective]
        if not chosen:
            days = ", ".join(item.terms.agreement.effective_from.isoformat() for item in versions)
            raise WrongUsage(f"{agreement_id} has no terms in force from {effective}.", f"choose one of: {days}.")
        return chosen[-1]
    if period_id is not None:
        for item in reversed(versions):
            try:
                item.terms.period(period_id)
            except WrongUsage:
                continue
            return item
        raise WrongUsage(f"{agreement_id} is not in force in {period_id}.", "name a period within its dates.")
    return versions[-1]


def pence_of(text: str, name: str) -> str:
    """Pounds as a person writes them (`1250.00`) as whole pence in digits."""
    try:
        pence = Decimal(text.replace(",", "")) * 100
        if pence < 0 or pence != int(pence):
            raise InvalidOperation
    except InvalidOperation:
        raise WrongUsage(f"{name} {text} is no sum in pounds.", "write it as 1250 or 1250.00.") from None
    return str(int(pence))


def _of_settlement(context: Context, kind: str, **entries: str) -> Draft:
    """An entry about the settlement in force; shown with every posting and every member's part."""
    from orchestration.signing_words import body_lines, settlement_lines
    from settlement.certificates import DISPUTES, apply_log, covering

    one = context.settlement()
    if one.terms_hash != context.terms.terms_hash:
        raise Refused(
            "the settlement in force was made under other terms than these.",
            "name the version of the terms it was made under with --effective.",
        )
    if "figure_id" in entries:
        lines = {str(row["figure_id"]) for row in (*one.postings, *one.member_rows)}
        if entries["figure_id"] not in lines:
            raise WrongUsage(
                f"{entries['figure_id']} is no line of this settlement.", f"name one of: {', '.join(sorted(lines))}."
            )
    named = one.settlement_id
    if kind in DISPUTES:
        # A dispute is of what was certified, also where a later run computed the same again.
        applied = apply_log(context.records, context.terms)
        certificate = covering(applied, one.settlement_id, one.status, one.member_rows)
        named = one.settlement_id if certificate is None else certificate.settlement_id
    body = {"approver": context.approver, "settlement_id": named, **entries}
    shown = settlement_lines(context.terms, named, one.period_id, one.status, one.postings, one.member_rows)
    return Draft(kind, body, [*shown, "", *body_lines(kind, body)], named)


def _certificate(context: Context) -> Draft:
    from settlement.certificates import gross_pence, lines_hash

    one = context.settlement()
    if one.status == "withheld":
        raise Refused(
            "the settlement is withheld: there is nothing to certify yet.",
            "record the cause of what is withheld (`outturn sign cause`) and run again.",
        )
    return _of_settlement(
        context, "settlement_certified", terms_hash=one.terms_hash, period_id=one.period_id,
        supersedes=one.supersedes, lines_hash=lines_hash(one.member_rows),
        gross_pence=str(gross_pence(one.member_rows)),
    )  # fmt: skip


def _vote(context: Context, kind: str, hashed: str, lines: Sequence[str], **entries: str) -> Draft:
    from orchestration.signing_words import body_lines

    body = {"approver": context.approver, "vote": context.options.get("vote", "approve"), "conflicts": [], **entries}
    return Draft(kind, body, [*lines, "", *body_lines(kind, body)], hashed)


def _terms(context: Context) -> Draft:
    from orchestration.signing_words import terms_lines

    wanted = context.terms.terms_hash
    return _vote(context, "terms_voted", wanted, terms_lines(context.terms), terms_hash=wanted)


def _part(context: Context) -> Draft:
    from orchestration.signing_words import terms_lines
    from settlement.decision_bodies import PARTS

    part = context.options["part"]
    if part not in PARTS:
        raise WrongUsage(f"'{part}' is no part of an agreement.", f"choose one of: {', '.join(PARTS)}.")
    wanted = context.terms.part_hash(part)
    return _vote(context, "part_voted", wanted, terms_lines(context.terms), part=part, part_hash=wanted)


def _resolution(context: Context) -> Draft:
    from orchestration.signing_words import settlement_lines, terms_lines

    board = context.options["board"]
    if "period" not in context.options:
        wanted = context.terms.terms_hash
        return _vote(context, "board_voted", wanted, terms_lines(context.terms), board=board, subject=wanted)
    one = context.settlement()
    lines = settlement_lines(context.terms, one.settlement_id, one.period_id, one.status, one.postings, one.member_rows)
    return _vote(context, "board_voted", one.settlement_id, lines, board=board, subject=one.settlement_id)


def _plain(kind: str, **names: str) -> Callable[[Context], Draft]:
    """A draft of options alone: entry -> option."""

    def make(context: Context) -> Draft:
        from orchestration.signing_words import body_lines
        from settlement.decision_bodies import BODIES

        body: dict[str, Any] = {entry: context.options.get(option, "") for entry, option in names.items()}
        own = {"approver": context.approver, "terms_hash": context.terms.terms_hash}
        body |= {entry: value for entry, value in own.items() if entry in BODIES[kind].needed and entry not in body}
        for entry, option in (("limit_pence", "limit_gbp"), ("amount_pence", "amount_gbp")):
            if option in context.options:
                body[entry] = pence_of(context.options[option], f"--{option.replace('_', '-')}")
        if "conflicts" in BODIES[kind].needed and "vote" not in BODIES[kind].needed:
            body["conflicts"] = []
        if "vote" in BODIES[kind].needed:
            return _vote(context, kind, content_id(body), (), **body)
        return Draft(kind, body, body_lines(kind, body), content_id(body))

    return make


def _conflict(context: Context) -> Draft:
    from orchestration.signing_words import body_lines

    body = {"approver": context.options["approver"], "conflict": context.options["conflict"]}
    if "period" in context.options:
        body["subject"] = context.settlement().settlement_id
    else:
        body["terms_hash"] = context.terms.terms_hash
    return Draft("conflict_declared", body, body_lines("conflict_declared", body), content_id(body))


def _cause(kind: str) -> Callable[[Context], Draft]:
    """A cause recorded for what the data cut in force holds back, or taken back."""

    def make(context: Context) -> Draft:
        from orchestration.signing_words import body_lines

        chosen = context.options
        body = {
            "approver": context.approver,
            "period_id": chosen["period"],
            "data_cut_id": current_cycle(context.home).cut.cut_id,
            "scope": chosen["kpi"],
            "check_id": chosen["check"],
            "reason": chosen["reason"],
        }
        if "cause" in chosen:
            body["cause"] = chosen["cause"]
        return Draft(kind, body, body_lines(kind, body), content_id(body))

    return make


def _absence_withdrawn(context: Context) -> Draft:
    """Names the settlement in force, so that what was held back before can be told; none where nothing is settled."""
    from orchestration.signing_words import body_lines

    chosen, period = context.options, context.options["period"]
    found = [one for one in settlements_in_force(context.home, context.terms.id) if one.period_id == period]
    body = {
        "approver": context.approver,
        "period_id": period,
        "member": chosen["member"],
        "settlement": found[-1].settlement_id if found else "",
        "reason": chosen["reason"],
    }
    return Draft("absence_withdrawn", body, body_lines("absence_withdrawn", body), content_id(body))


def _advance_drawn(context: Context) -> Draft:
    """Names the settlement that it supersedes only where one is named: nothing certified moves by oversight."""
    from orchestration.signing_words import body_lines, sum_words
    from settlement.advances import advances_of

    chosen, member, period = context.options, context.options["member"], context.options["period"]
    body = {
        "approver": context.approver,
        "period_id": period,
        "member": member,
        "drawn_pence": pence_of(chosen["amount_gbp"], "--amount-gbp"),
        "settlement": context.settlement().settlement_id if "settlement" in chosen else "",
        "reason": chosen["reason"],
    }
    agreed = advances_of(context.terms, period).get(member)
    said = "nothing" if agreed is None else sum_words(agreed)
    lines = [f"Agreed up front for {member} in {period}: {said}", "", *body_lines("advance_drawn", body)]
    return Draft("advance_drawn", body, lines, content_id(body))


@dataclass(frozen=True)
class Asked:
    """What a thing to sign needs, what it may have, and whether the party signs with its own key."""

    make: Callable[[Context], Draft]
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()
    own_key: bool = False


_DATES = ("since", "until")
THINGS: dict[str, Asked] = {
    "admission": Asked(
        _plain("party_admitted", party="party", role="role", public_key="public_key", valid_from="since"),
        ("party", "role", "public_key", "since"), own_key=True,
    ),
    "departure": Asked(
        _plain("party_ended", party="party", valid_to="until", reason="reason"),
        ("party", "until", "reason"), own_key=True,
    ),
    "delegation": Asked(
        _plain("authority_delegated", approver="approver", public_key="public_key", delegated_by="by",
               valid_from="since", valid_to="until"),
        ("approver", "public_key", "by", "since"), ("until", "limit_gbp"), own_key=True,
    ),
    "revocation": Asked(
        _plain("key_revoked", public_key="public_key", reason="reason"), ("public_key", "reason"), own_key=True
    ),
    "seat": Asked(
        _plain("seat_given", board="board", approver="approver", valid_from="since", valid_to="until"),
        ("board", "approver", "since"), ("until",), own_key=True,
    ),
    "conflict": Asked(_conflict, ("approver", "conflict"), ("period",), own_key=True),
    "part": Asked(_part, ("part",), ("vote",)),
    "terms": Asked(_terms, (), ("vote",)),
    "resolution": Asked(_resolution, ("board",), ("period", "vote")),
    "cause": Asked(_cause("gate_cause_recorded"), ("period", "kpi", "check", "cause", "reason")),
    "cause-withdrawal": Asked(_cause("gate_cause_withdrawn"), ("period", "kpi", "check", "reason")),
    "condition": Asked(
        _plain("condition_judged", period_id="period", condition="condition", met="met", evidence="evidence"),
        ("period", "condition", "met", "evidence"),
    ),
    "cash": Asked(_plain("cash_certified", period_id="period", row="row"), ("period", "row", "amount_gbp")),
    "award": Asked(
        _plain("award_voted", period_id="period", outcome="outcome"), ("period", "outcome", "amount_gbp"), ("vote",)
    ),
    "absence": Asked(
        _plain("absence_recorded", period_id="period", member="member", reason="reason"),
        ("period", "member", "reason"),
    ),
    "absence-withdrawal": Asked(_absence_withdrawn, ("period", "member", "reason")),
    "advance-drawn": Asked(_advance_drawn, ("period", "member", "amount_gbp", "reason")),
    "assurance": Asked(
        lambda context: _of_settlement(
            context, "assurance_given", period_id=context.options["period"], vote=context.options["vote"],
            reason=context.options["reason"],
        ),
        ("period", "vote", "reason"),
    ),
    "certificate": Asked(_certificate, ("period",)),
    "challenge": Asked(
        lambda context: _of_settlement(
            context, "line_challenged", figure_id=context.options["figure"], reason=context.options["reason"]
        ),
        ("period", "figure", "reason"),
    ),
    "withdrawal": Asked(
        lambda context: _of_settlement(
            context, "challenge_withdrawn", figure_id=context.options["figure"], reason=context.options["reason"]
        ),
        ("period", "figure", "reason"),
    ),
    "determination": Asked(
        lambda context: _of_settlement(
            context, "line_determined", figure_id=context.options["figure"], finding=context.options["finding"],
            reason=context.options["reason"],
            **{name: context.options[name] for name in ("challenger",) if name in context.options},
        ),
        ("period", "figure", "finding", "reason"), ("challenger",),
    ),
    "accreditation": Asked(
        _plain("accreditation_recorded", member="member", accreditation="accreditation", level="level",
               evidence="evidence", valid_from="since", valid_to="until"),
        ("member", "accreditation", "level", "evidence", "since"), ("until",),
    ),
    "waiver": Asked(
        _plain("waiver_voted", member="member", accreditation="accreditation", valid_to="until", reason="reason"),
        ("member", "accreditation", "reason"), ("until", "vote"),
    ),
}  # fmt: skip


def make_draft(
    home: Home, what: str, agreement_id: str, effective: str | None, given: Given, options: Mapping[str, str]
) -> tuple[Terms, Draft]:
    """The terms it concerns and the draft. WrongUsage for what is unknown, missing or too much."""
    from settlement import store
    from settlement.decisions import public_key_text

    if what not in THINGS:
        raise WrongUsage(f"'{what}' is nothing that is signed.", f"choose one of: {', '.join(THINGS)}.")
    asked = THINGS[what]

    def named(names: Sequence[str]) -> str:
        return ", ".join("--" + {"since": "from"}.get(name, name).replace("_", "-") for name in names)

    if missing := [name for name in asked.needs if name not in options]:
        raise WrongUsage(f"to sign a {what}, {named(missing)} is missing.", f"give {named(asked.needs)}.")
    may = (*asked.may, *(("settlement",) if "period" in (*asked.needs, *asked.may) else ()))
    if extra := [name for name in options if name not in (*asked.needs, *may)]:
        raise WrongUsage(
            f"a {what} has no {named(extra)}.", f"it takes {named((*asked.needs, *may)) or 'no such option'}."
        )
    terms = agreement_asked(home, agreement_id, options.get("period"), effective).terms
    records = store.read_records(home.decisions, agreement_id)
    approver = "" if asked.own_key else approver_of(records, given.party, public_key_text(given.key))
    return terms, asked.make(Context(home, terms, records, given, approver, options))
