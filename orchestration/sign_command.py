"""`outturn sign` and `outturn new-key`: the decisions of an agreement, signed at a terminal.

Belongs here: the options. Not here: what is signed (`drafts`) and how (`signing`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foundation.errors import WrongUsage
from foundation.home import open_home
from orchestration.progress import say

_WHAT = (
    "What to sign: terms, part, resolution, certificate, assurance, challenge, withdrawal, determination, cause, "
    "award, absence, advance-drawn, accreditation, waiver; or who may decide: admission, departure, delegation, "
    "revocation, seat, conflict."
)
Text = str | None


def new_key(
    file: Annotated[Path, typer.Argument(help="File for the private key; nobody else may read it.")],
    home: Annotated[
        Path | None, typer.Option("--home", envvar="OUTTURN_HOME", help="The home to keep it out of.")
    ] = None,
) -> None:
    """Make a key to sign with, and print its public half for whoever delegates authority to it."""
    from orchestration import signing

    public = signing.new_key(file, [open_home(home)])
    say("key", f"{file} is your private key: keep it to yourself, outside any home, and keep a copy.")
    say("public key", public)


def sign(
    what: Annotated[str, typer.Argument(help=_WHAT)],
    agreement: Annotated[str, typer.Argument(help="Agreement id.")],
    party: Annotated[str, typer.Option("--for", help="The party that decides, as the terms name it.")],
    key: Annotated[Path | None, typer.Option("--key", help="File with your private key (PEM).")] = None,
    period: Annotated[Text, typer.Option("--period", help="Settlement period, e.g. 2024-25.")] = None,
    settlement: Annotated[Text, typer.Option("--settlement", help="Its id, where not the last one is meant.")] = None,
    vote: Annotated[Text, typer.Option("--vote", help="approve (the default) or reject.")] = None,
    reason: Annotated[Text, typer.Option("--reason", help="Why.")] = None,
    figure: Annotated[Text, typer.Option("--figure", help="Figure id of the line.")] = None,
    finding: Annotated[Text, typer.Option("--finding", help="stands or restate.")] = None,
    challenger: Annotated[Text, typer.Option("--challenger", help="Whose challenge, where several are open.")] = None,
    board: Annotated[Text, typer.Option("--board", help="A board of the terms.")] = None,
    part: Annotated[Text, typer.Option("--part", help="mandate, outcomes, levels or gain_and_pain.")] = None,
    named: Annotated[Text, typer.Option("--party", help="The party that is admitted, or whose part ends.")] = None,
    role: Annotated[Text, typer.Option("--role", help="commissioner, member or independent.")] = None,
    public_key: Annotated[Text, typer.Option("--public-key", help="64 hexadecimal digits.")] = None,
    approver: Annotated[Text, typer.Option("--approver", help="Person or office that decides for the party.")] = None,
    by: Annotated[Text, typer.Option("--by", help="Who delegates, e.g. the governing body.")] = None,
    since: Annotated[Text, typer.Option("--from", help="First day, e.g. 2025-04-01.")] = None,
    until: Annotated[Text, typer.Option("--until", help="Last day; open-ended when left out.")] = None,
    limit_gbp: Annotated[Text, typer.Option("--limit-gbp", help="Greatest sum the approver may decide on.")] = None,
    conflict: Annotated[Text, typer.Option("--conflict", help="The interest that is declared.")] = None,
    kpi: Annotated[Text, typer.Option("--kpi", help="KPI, or `settlement`.")] = None,
    check: Annotated[Text, typer.Option("--check", help="The fitness check that failed.")] = None,
    cause: Annotated[Text, typer.Option("--cause", help="A cause of the terms.")] = None,
    outcome: Annotated[Text, typer.Option("--outcome", help="The unplanned outcome.")] = None,
    amount_gbp: Annotated[
        Text, typer.Option("--amount-gbp", help="The award, the cash certified, or what was drawn.")
    ] = None,
    member: Annotated[Text, typer.Option("--member", help="A member of the terms.")] = None,
    accreditation: Annotated[Text, typer.Option("--accreditation", help="An accreditation of the terms.")] = None,
    level: Annotated[Text, typer.Option("--level", help="The level it was given.")] = None,
    evidence: Annotated[Text, typer.Option("--evidence", help="Where the evidence lies.")] = None,
    condition: Annotated[Text, typer.Option("--condition", help="A must-pass condition of the terms.")] = None,
    met: Annotated[Text, typer.Option("--met", help="yes or no.")] = None,
    row: Annotated[Text, typer.Option("--row", help="A row of `avoided` in the terms.")] = None,
    where: Annotated[str, typer.Option("--where", help="Where the decision was taken.")] = "outturn sign",
    effective: Annotated[Text, typer.Option("--effective", help="First day of the version of the terms.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needs --expect.")] = False,
    expect: Annotated[Text, typer.Option("--expect", help="Hash of what you mean to sign.")] = None,
    at: Annotated[
        Text, typer.Option("--at", help="In a demonstration alone: the moment, 2025-10-02T09:00:00Z.")
    ] = None,
    home: Annotated[Path | None, typer.Option("--home", envvar="OUTTURN_HOME", show_default="var")] = None,
) -> None:
    """Show exactly what is signed, in words and figures, then ask; refuse with the reason what would not count."""
    from orchestration import signing
    from orchestration.drafts import make_draft

    options = {
        "period": period, "settlement": settlement,
        "vote": vote, "reason": reason, "figure": figure, "finding": finding, "challenger": challenger, "board": board,
        "part": part, "party": named, "role": role, "public_key": public_key, "approver": approver, "by": by,
        "since": since, "until": until, "limit_gbp": limit_gbp, "conflict": conflict, "kpi": kpi, "check": check,
        "cause": cause, "outcome": outcome, "amount_gbp": amount_gbp, "member": member,
        "accreditation": accreditation, "level": level, "evidence": evidence,
        "condition": condition, "met": met, "row": row,
    }  # fmt: skip
    chosen = {name: value for name, value in options.items() if value is not None}
    if chosen.get("vote", "approve") not in ("approve", "reject"):
        raise WrongUsage(f"--vote {vote} is not known.", "use --vote approve or --vote reject.")
    held = open_home(home)
    held.settings()
    if held.is_demo and what in ("admission", "delegation") and public_key is None:
        # as `--key`: where everybody is invented, the demonstration's keys stand in
        chosen["public_key"] = signing.demonstration_public_key(held, party if what == "delegation" else named or party)
    given = signing.Given(party, signing.key_of(held, party, key), yes, expect, where, at)
    terms, draft = make_draft(held, what, agreement, effective, given, chosen)
    signing.sign(held, agreement, terms, draft, given)
