"""Sign an entry of the decision log: show it whole, refuse it with the reason, ask, and append it.

Belongs here: keys from files, the order of a signature, whether it is asked for or given beforehand.
Not here: what an entry holds (`drafts`), its words (`signing_words`), whether it counts (`settlement.entry_faults`).

A private key lies in a file that its owner names; it is read, never copied and never written into a home. In a demo
home, where everybody is invented, the demonstration key of the party stands in when none is named.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from orchestration.moments import moment_of
from orchestration.progress import console, say

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from settlement.decisions import Record
    from settlement.terms import Terms


@dataclass(frozen=True)
class Draft:
    """An entry before it is signed. subject: the hash a person gives beforehand to sign without being asked."""

    kind: str
    body: Mapping[str, Any]
    lines: Sequence[str]
    subject: str


@dataclass(frozen=True)
class Given:
    """What the person brings: party, key, and with `yes` the hash of exactly what is meant to be signed."""

    party: str
    key: Ed25519PrivateKey
    yes: bool
    expect: str | None
    place: str
    at: str | None


def new_key(path: Path, homes: Sequence[Home]) -> str:
    """Write a new private key (PEM, 0600) and return its public half in hexadecimal. A file that exists is kept."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from settlement.decisions import public_key_text

    for home in homes:
        if home.marker.exists() and path.resolve().is_relative_to(home.root):
            raise WrongUsage(
                f"{path} lies in a home, which is backed up and read by others.",
                "keep your key where only you can read it.",
            )
    key = Ed25519PrivateKey.generate()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WrongUsage(f"{path} exists already.", "name a new file: a key is never overwritten.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    return public_key_text(key)


def read_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file; asks for the passphrase of a protected one. Refused when it is no Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    mend = "make one with `outturn new-key FILE`, or `openssl genpkey -algorithm ed25519`."
    if not path.is_file():
        raise Refused(f"there is no key in {path}.", mend)
    raw = path.read_bytes()
    try:
        try:
            key = load_pem_private_key(raw, password=None)
        except TypeError:
            import typer

            phrase = typer.prompt(f"passphrase of {path.name}", hide_input=True)
            key = load_pem_private_key(raw, password=phrase.encode())
    except ValueError:
        raise Refused(f"{path} holds no key that can be read, or the passphrase is wrong.", mend) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"{path} holds no Ed25519 key.", mend)
    return key


def key_of(home: Home, party: str, path: Path | None) -> Ed25519PrivateKey:
    """The key to sign with: the one in a file, or in a demo home the party's demonstration key."""
    from orchestration.deciding import _demo_key

    if path is not None:
        return read_key(path)
    if not home.is_demo:
        raise Refused(
            "no key was named to sign with.",
            "name the file of your private key: --key FILE. `outturn new-key FILE` makes one.",
        )
    say("demo", f"signing with the demonstration key of {party}, which is worth nothing")
    return _demo_key(home, party)


def demonstration_public_key(home: Home, party: str) -> str:
    """The public half of a party's demonstration key, for an entry that admits it or gives it authority in a demo."""
    from orchestration.deciding import _demo_key
    from settlement.decisions import public_key_text

    return public_key_text(_demo_key(home, party))


def approver_of(records: Sequence[Record], party: str, public_key: str) -> str:
    """Who a key stands for: the approver to whom the party delegated authority with it last. Refused for none."""
    for record in reversed(records):
        body = record.body
        if record.kind == "authority_delegated" and record.signer == party and body["public_key"] == public_key:
            return str(body["approver"])
    known = any(record.kind == "party_admitted" and record.body["party"] == party for record in records)
    if not known:
        raise Refused(
            f"not signed: {party} has not been admitted to this agreement.",
            "the party that opened the log admits it first: `outturn sign admission`.",
        )
    raise Refused(
        f"not signed: the key {public_key[:16]}… was given no authority by {party}.",
        f"let {party} delegate authority to this key (`outturn sign delegation`), or name the right key.",
    )


def _moment(home: Home, at: str | None) -> str:
    """The moment of a signature: this machine's, or the demo's own, which a person may move."""
    if at is not None and not home.is_demo:
        raise WrongUsage(
            "the moment of a signature is this machine's.", "leave --at out; it exists in a demonstration alone."
        )
    return at or f"{moment_of(home):%Y-%m-%dT%H:%M:%SZ}"


def sign(home: Home, agreement_id: str, terms: Terms, draft: Draft, given: Given) -> Record:
    """Show a draft, refuse it with the reason if it would count for nothing, ask, and append it to the log.

    WrongUsage for `yes` without the hash; Refused when the hash is another, when the entry would count for nothing, or
    when the person does not agree.
    """
    from settlement import store
    from settlement.decisions import append_record, read_log
    from settlement.entry_faults import entry_fault, mend_of

    if home.is_preview:
        raise Refused("in a scratch copy nothing is signed.", "sign in the home itself.")
    if given.yes and given.expect is None:
        raise WrongUsage(
            "--yes signs without asking and needs the hash of what is meant.",
            "run it once without --yes, read what it shows, and give the hash with --expect.",
        )
    log, moment = store.read_bytes(home.decisions, agreement_id), _moment(home, given.at)
    try:
        line = append_record(
            log, agreement_id=agreement_id, kind=draft.kind, signer=given.party, signed_at=moment,
            place=given.place, body=draft.body, key=given.key,
        )  # fmt: skip
    except WrongUsage as error:
        said = error.message.partition(" does not hold: ")[2].rstrip(".") or error.message
        raise Refused(f"not signed: {said}.", mend_of(said)) from None
    records = read_log(log + line)
    for text in draft.lines:
        console().print(text, markup=False)
    console().print(f"Hash of what is signed: {draft.subject}", markup=False)
    if given.expect is not None and given.expect != draft.subject:
        raise Refused(
            f"not signed: the hash given is {given.expect[:16]}…, and what would be signed is {draft.subject[:16]}….",
            "find out who changed what since you read it, and sign only what you have read.",
        )
    if fault := entry_fault(records, terms):
        raise Refused(f"not signed: {fault}.", mend_of(fault))
    if not given.yes:
        import typer

        who = f"{draft.body.get('approver', given.party)} for {given.party}"
        if not typer.confirm(f"Sign this as {who}?", default=False):
            raise Refused("not signed: you did not agree.", "nothing was recorded.")
    if store.read_bytes(home.decisions, agreement_id) != log:
        raise Refused("not signed: somebody else's entry came first.", "run the command again and read what it shows.")
    (record,) = store.append_signed(home.decisions, agreement_id, line, moment)
    say("signed", f"entry {record.sequence} of {agreement_id}, {record.signed_at}, hash {record.hash}")
    return record
