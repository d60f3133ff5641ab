"""Decisions as the run needs them: the demo's approvals, the record of each publication, listing them.

The demo keys follow from this file and the name of the place on purpose: they let one machine play every party of a
demo place, and are refused in any home that is not marked as a demo.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.errors import Refused
from foundation.home import Home
from orchestration.cycle import AgreementOnFile
from orchestration.moments import moment_of
from orchestration.progress import say

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from places import Place

DEMO_SEED = b"outturn demonstration key, worth nothing"
PUBLICATIONS = "publications"
AUTHORITY = "release-authority"


def _demo_key(home: Home, party: str) -> Ed25519PrivateKey:
    """The demonstration key of a role of an invented place: the same whenever the place is made. Refused elsewhere."""
    from settlement.decisions import key_from_seed

    if not home.is_demo:
        raise Refused(
            "the demonstration key may not be used in a live home.",
            "sign with the party's own key.",
        )
    place = str(home.settings()["place"])
    return key_from_seed(DEMO_SEED + b", " + place.encode(), party)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def approve_for_demo(home: Home, place: Place, agreement: AgreementOnFile) -> None:
    """Every party of a demo place approves the terms, at the place's own time. Does nothing when they have."""
    from settlement import store
    from settlement.approvals import found_agreement

    terms = agreement.terms
    if store.read_bytes(home.decisions, terms.id):
        return
    keys = {party: _demo_key(home, party) for party in terms.party_ids}
    lines = found_agreement(
        terms,
        keys,
        signed_at=_stamp(place.approved_at),
        place="demonstration",
        approver="director-of-finance",
        valid_to=place.authority_until.isoformat(),
    )
    store.append_signed(home.decisions, terms.id, lines, _stamp(place.approved_at))
    say("demo", f"{terms.id}: approved with demonstration keys made from the place's name, which are worth nothing")


def _release_key(home: Home) -> Ed25519PrivateKey:
    if home.is_demo:
        return _demo_key(home, AUTHORITY)
    path = os.environ.get("OUTTURN_RELEASE_KEY")
    if not path or not Path(path).is_file():
        raise Refused(
            "a live home publishes only with the key of its release authority.",
            "set OUTTURN_RELEASE_KEY to the file of an Ed25519 private key (PEM), then run again.",
        )
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(Path(path).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused("the release key is not an Ed25519 key.", "make one with `openssl genpkey -algorithm ed25519`.")
    return key


def require_release_key(home: Home) -> None:
    """Refuse before anything is published when nobody could sign for it. In a scratch copy nothing is to be signed."""
    if not home.is_preview:
        _release_key(home)


def require_clock(home: Home, moment: datetime) -> None:
    """Refuse before anything is published when its record would be dated before the last one."""
    from settlement import store

    records = store.read_records(home.decisions, PUBLICATIONS)
    if records and _stamp(moment) < records[-1].signed_at:
        raise Refused(
            f"this machine's clock says {_stamp(moment)}, and the last publication was recorded at "
            f"{records[-1].signed_at}: nothing is published.",
            "set the clock right, then run again.",
        )


def moment_published(home: Home) -> datetime:
    """When the release in force was made, for a run that finds that nobody wrote it down: never after now.

    Entries of a log are dated against it (`dating`), so the moment at which a later run comes is not good enough.
    """
    now = moment_of(home)
    if home.is_demo:
        return now
    from settlement import store

    made = datetime.fromtimestamp((home.current / "seal.json").stat().st_mtime, tz=UTC)
    records = store.read_records(home.decisions, PUBLICATIONS)
    last = datetime.fromisoformat(records[-1].signed_at) if records else made
    return min(now, max(made, last))


def record_publication(home: Home, release_id: str, moment: datetime) -> None:
    """Write down, signed, that a release was published and when. Publishing the one in force again adds nothing.

    In a scratch copy nothing is written: a signed record would be as good as a true one wherever it was copied to.
    """
    if home.is_preview:
        return
    from settlement import store
    from settlement.decisions import public_key_text

    key = _release_key(home)
    store.catch_up(home.decisions, PUBLICATIONS)
    records = store.read_records(home.decisions, PUBLICATIONS)
    published = [record for record in records if record.kind == "release_published"]
    if published and published[-1].body["release_id"] == release_id:
        return
    stamp = _stamp(moment)

    def add(kind: str, body: dict[str, str]) -> None:
        store.append(
            home.decisions,
            PUBLICATIONS,
            kind=kind,
            signer=AUTHORITY,
            signed_at=stamp,
            place="outturn run",
            key=key,
            body=body,
        )

    # One by one: whoever was killed between two of them goes on here.
    made = {record.kind for record in records}
    public_key = public_key_text(key)
    if "party_admitted" not in made:
        # Whoever opens a log does so in the commissioner's role; the authority then delegates to itself.
        add(
            "party_admitted",
            {
                "party": AUTHORITY,
                "role": "commissioner",
                "public_key": public_key,
                "valid_from": stamp[:10],
            },
        )
    if "authority_delegated" not in made:
        add(
            "authority_delegated",
            {
                "approver": AUTHORITY,
                "public_key": public_key,
                "delegated_by": "the home's owner",
                "valid_from": stamp[:10],
                "valid_to": "",
            },
        )
    add("release_published", {"approver": AUTHORITY, "release_id": release_id, "reason": ""})


def published_days(home: Home) -> list[tuple[str, date]]:
    """(release id, day) of every publication on record, in order."""
    from settlement import store

    records = store.read_records(home.decisions, PUBLICATIONS)
    return [
        (str(record.body["release_id"]), date.fromisoformat(record.signed_at[:10]))
        for record in records
        if record.kind == "release_published"
    ]


def published_before(home: Home, release_id: str) -> str | None:
    """The release that was in force before this one was published last; None for the first, or one never published."""
    from settlement import store

    records = store.read_records(home.decisions, PUBLICATIONS)
    published = [str(record.body["release_id"]) for record in records if record.kind == "release_published"]
    former = None
    for before, after in pairwise(published):
        former = before if after == release_id else former
    return former
