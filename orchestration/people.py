"""The commands about people's rights: who asks, what was decided, and carrying it out to the last byte.

Belongs here: the order of an erasure and everything of a home it reaches beside lake and raw files. Not here: the lists
(`ingest.identity.rights`), one submission (`ingest.identity.redact`), the register of cases
(`ingest.identity.requests`). What names a person is read from a file or standard input and never said again.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.canonical import readable_json
from foundation.durable import remove, sweep, write_bytes
from foundation.errors import Refused, SystemFault, WrongUsage
from foundation.home import Home
from orchestration.cycle import place_of
from orchestration.lock import home_lock
from orchestration.progress import say
from orchestration.rooms import contracts

if TYPE_CHECKING:
    from datetime import date

    from ingest.identity.requests import Case

DONE, REFUSED = 0, 1
_STANDARD_INPUT = "-"


def _today(home: Home) -> date:
    return (place_of(home).clock if home.is_demo else datetime.now(tz=UTC)).date()


def _given(path: Path) -> bytes:
    if str(path) == _STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError:
        raise WrongUsage(f"{path} cannot be opened.", "name a file, or - for standard input.") from None


def person_request(
    home: Home,
    kind: str,
    file: Path,
    grounds: str,
    by: str,
    reason: str,
    *,
    grant: bool,
    refuse: bool,
    lift: bool = False,
    again: int = 0,
) -> int:
    """Record what somebody asked and what was decided; carry it out when granted. Returns the exit code."""
    from ingest.identity.keyring import keyring_of
    from ingest.identity.person import person_of, read_asked
    from ingest.identity.requests import ERASE, GRANTED, KINDS, OBJECT, public_tasks, require_sound
    from ingest.identity.requests import REFUSED as NO
    from ingest.identity.rights import set_objection

    if kind not in KINDS or (grant and refuse):
        raise WrongUsage(
            "a request is one of erase, object and rectify, and granted or refused.",
            "see `outturn person-request --help`.",
        )
    home.settings()
    home.require_private_vault()
    keyring = keyring_of(home)
    asked = read_asked(_given(file), keyring.key, test_numbers=keyring.test_numbers)
    with home_lock(home):
        finish_erasure(home)
        person = person_of(home, asked.tokens, contracts())
        tasks = public_tasks(person.rows, contracts())
        if kind == ERASE and not grant and not refuse:
            refuse, grant = bool(tasks), not tasks
            reason = reason or (
                f"erasure is no right against a public task (UK GDPR article 17(3)(b)): {', '.join(tasks)}"
                if tasks
                else "no feed with rows of the person rests on a public task"
            )
        if not grant and not refuse:
            raise WrongUsage(
                f"a request to {kind} is decided by a person.", "say --grant or --refuse, and --reason why."
            )
        decided = {"grounds": grounds, "outcome": GRANTED if grant else NO, "reason": reason, "by": by}
        # before anything is begun that cannot be taken back
        require_sound(home, kind, **decided, again=again)
        told = {"kind": kind, "feeds": sorted(person.rows), **decided, "again": again}
        if kind == ERASE and grant:
            _begin_erasure(home, person.tokens, asked.texts, told)
        case = _record(home, person.tokens, told)
        say("case", f"{case.number}: {kind} {case.outcome}: {case.reason}")
        say("person", f"{len(person.tokens)} token(s); rows in {', '.join(person.rows) or 'no feed'}")
        if person.shared:
            say("note", f"{person.shared} token(s) beside these are somebody else's as well and stay with their rows.")
        if not grant:
            return REFUSED
        if kind == ERASE:
            finish_erasure(home)
        elif kind == OBJECT:
            set_objection(home, person.tokens, granted=not lift)
            _follow(home)
        else:
            say(
                "next",
                "the sender corrects its record and sends it again; a wrong link is undone with `outturn undo-link`.",
            )
            return DONE
    say("next", "`outturn run` builds the figures without the person and says what moved.")
    return DONE


def _record(home: Home, tokens: Iterable[str], told: Mapping[str, Any]) -> Case:
    from ingest.identity.requests import record

    return record(home, tokens=tokens, on=_today(home), **told)


def replace_list(home: Home, file: Path, by: str) -> None:
    """Take in the list of national opt-outs: one NHS number or token a line, the whole list each time."""
    from foundation.tokens import TOKEN
    from ingest.identity import nhs_number
    from ingest.identity.keyring import keyring_of
    from ingest.identity.requests import GRANTED, OPT_OUTS, record
    from ingest.identity.rights import replace_opt_outs

    home.settings()
    home.require_private_vault()
    keyring = keyring_of(home)
    lines = [line.strip() for line in _given(file).decode("utf-8-sig", errors="replace").splitlines() if line.strip()]
    tokens = {line for line in lines if TOKEN.fullmatch(line)}
    judged = [nhs_number.judge(line) for line in lines if line not in tokens]
    bad = sum(
        number is None or (verdict == nhs_number.TEST_RANGE and not keyring.test_numbers) for number, verdict in judged
    )
    if bad:
        raise Refused(
            f"{bad} line(s) of the list are neither an NHS number nor a token.", "mend the list; nothing was taken in."
        )
    if judged:
        tokens |= {str(token) for token in keyring.key().tokens([number for number, _ in judged])}
    with home_lock(home):
        came, gone = replace_opt_outs(home, tokens)
        if came or gone:
            record(
                home, OPT_OUTS, tokens=(), feeds=(), grounds="list of national data opt-outs", outcome=GRANTED,
                reason=f"{len(tokens)} on the list, {came} came, {gone} went", by=by, on=_today(home),
            )  # fmt: skip
        _follow(home)
    say("opt-outs", f"{len(tokens)} on the list, {came} came, {gone} went")
    say("next", "`outturn run` builds the figures anew and publishes the share left out.")


def list_cases(home: Home) -> None:
    """Say every case and prove the chain; a person is known by how many tombstones they have."""
    from ingest.identity.requests import read_cases

    home.settings()
    cases = read_cases(home)
    for case in cases:
        say(f"case {case.number}", f"{case.decided_on} {case.kind} {case.outcome} by {case.by}: {case.reason}")
    say("cases", f"{len(cases)}; the chain is whole")


def hand_over(home: Home, organisation: str, out: Path) -> None:
    """Export one organisation's data and say what is in the folder."""
    from ingest.handover import export_organisation

    home.settings()
    with home_lock(home):
        made = export_organisation(home, organisation, contracts(), out)
    say("exported", f"{made.submissions} submission(s), {made.rows} rows of {made.organisation}: {out}")
    say("check", f"cd {out} && sha256sum -c SHA256SUMS")


def take_over(home: Home, folder: Path, name: str | None) -> None:
    """Import an export and say what to do next."""
    from ingest.handover import import_organisation

    home.settings()
    home.require_private_vault()
    with home_lock(home):
        made = import_organisation(home, folder, contracts(), name)
    say("imported", f"{made.submissions} submission(s), {made.rows} rows, in the mailbox of {made.organisation}")
    say("next", "`outturn run` takes them in, by the same rules as anything that is sent.")


def _follow(home: Home) -> None:
    from expectations.follow import follow_all

    changed = follow_all(home, contracts())
    say("lake", f"{changed} submission(s) have other rows now")


# erasure --------------------------------------------------------------------------------------------


def _begin_erasure(home: Home, tokens: frozenset[str], texts: frozenset[str], case: Mapping[str, Any]) -> None:
    """Note what has to go, so that whoever finds it unfinished can end it; the note goes last."""
    from ingest.identity.requests import read_cases
    from ingest.identity.rights import pending_path

    number = len(read_cases(home)) + 1
    content = {"tokens": sorted(tokens), "texts": sorted(texts), "number": number, "case": case}
    write_bytes(pending_path(home), readable_json(content), mode=0o600)


def finish_erasure(home: Home) -> None:
    """Carry out an erasure that was granted, from wherever it stopped; nothing when there is none.

    SystemFault when a file still holds the person afterwards: the erasure stays unfinished and no figure is built.
    """
    from ingest.identity.requests import read_cases
    from ingest.identity.rights import pending_path, set_tombstones
    from ingest.identity.scan import holding

    path = pending_path(home)
    if not path.exists():
        return
    try:
        pending = json.loads(path.read_bytes())
        tokens, texts = set(pending["tokens"]), set(pending["texts"])
        number, case = int(pending["number"]), dict(pending["case"])
    except (ValueError, KeyError, TypeError):
        raise SystemFault(f"{path} cannot be read.", "restore it from backup, or ask for the erasure again.") from None
    if len(read_cases(home)) < number:
        _record(home, tokens, case)
    sweep(home.root)
    set_tombstones(home, tokens)
    _follow(home)
    _forget(home, tokens)
    digits = {token.partition(":")[2] for token in tokens}
    # what still waits is judged by intake, which leaves the person out
    left = holding(home.root, digits | texts, lambda one: one == path or home.landing in one.parents)
    if left:
        named = ", ".join(str(one.relative_to(home.root)) for one in left[:5])
        raise SystemFault(
            f"after the erasure {len(left)} file(s) still hold the person: {named}.",
            "see what wrote them and remove them; then run again: the erasure is not done before.",
        )
    remove(path)
    say("erased", "no file of the home holds the person; tombstones in the vault keep them out.")


def _forget(home: Home, tokens: set[str]) -> None:
    """Everything made of rows that may have been the person's, beside the lake and the raw files."""
    from ingest.identity import likely, links, queue, review

    links.forget(home, tokens)
    likely.forget(home)
    review.forget(home, tokens)
    queue.forget(home)
    for made in home.warehouse.iterdir():
        _clear(made)
    # their persons' tokens are made of keys that no longer exist, so nobody could tell which hold this person
    for release in home.releases.iterdir():
        if release.is_dir() and not release.is_symlink():
            _clear(release / "analyst")


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        remove(path)
