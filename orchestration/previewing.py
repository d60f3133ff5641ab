"""What files would come to, before they are accepted: a whole run on a scratch copy of the home.

Belongs here: delivering into the copy, running the main job there, and what became of each file. Not here: the copy
(`orchestration.scratch`), saying it (`orchestration.preview_report`). There is no second way to judge a file or work
out a figure here: intake, warehouse, gate, settlement and release are those of `outturn run`, and so is the comparison.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.errors import OutturnError, Refused, WrongUsage
from foundation.home import Home
from ingest.manifest import SUFFIX, Manifest, read_manifest
from orchestration.cycle import current_cycle, month_asked, read_json
from orchestration.dbt import within
from orchestration.landing import waiting_manifests
from orchestration.lock import home_lock
from orchestration.main_job import Outcome, run_main_job
from orchestration.moments import today_of
from orchestration.progress import aside
from orchestration.rooms import contracts
from orchestration.scratch import scratch_copy

if TYPE_CHECKING:
    from ingest.register import Receipt, Register
    from publication.compare import Comparison

ACCEPTED, REFUSED, KNOWN, WAITS = "accepted", "refused", "there already", "waits"


@dataclass(frozen=True)
class Delivery:
    """A file with its manifest, and the mailbox they would be put into."""

    file: Path
    manifest: Path
    mailbox: str


@dataclass(frozen=True)
class Fate:
    """What would become of one file.

    state: accepted (perhaps in part), refused, there already (nothing changes), or waits (a run for that month leaves
    it alone). supersedes: submissions that would count less, and whether they would count for nothing any more.
    overtaken: accepted, and every day of it decided by a later one. until: last day its figures are provisional.
    late: that day is over, so that its figures would be restated.
    """

    name: str
    state: str
    receipt: Receipt | None = None
    supersedes: tuple[tuple[Receipt, bool], ...] = ()
    overtaken: bool = False
    until: date | None = None
    late: bool = False


@dataclass(frozen=True)
class Preview:
    """What a run with these files would come to. found: None where there would be no release, or none to compare with;
    refused: why the gate would let no release be made."""

    period: str
    fates: tuple[Fate, ...]
    outcome: Outcome | None
    refused: Refused | None
    found: Comparison | None
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """That of the run."""
        return self.outcome.exit_code if self.outcome is not None else Refused.exit_code


def preview(home: Home, files: Sequence[Path], period: str) -> Preview:
    """Try the files on a copy of the home, which is as it was afterwards. Nothing else runs in it meanwhile."""
    month_asked(period)
    home.settings()
    home.require_private_vault()
    if home.is_preview:
        raise WrongUsage(f"{home.root} is a scratch copy itself.", "name the home it was made of.")
    deliveries = [_delivery(home, file) for file in files]
    names = [(item.mailbox, item.file.name) for item in deliveries]
    if len(set(names)) < len(names):
        raise WrongUsage("two of the files have one name and one sender.", "preview them one after another.")
    with home_lock(home):
        if (home.tombstones / "pending.json").exists():
            raise Refused("an erasure was granted and is not finished.", "run `outturn run`, which ends it, first.")
        with scratch_copy(home) as copy:
            return _tried(home, copy, deliveries, period)


def _delivery(home: Home, file: Path) -> Delivery:
    path = Path(os.path.abspath(file))  # noqa: PTH100 (a link is told, not followed)
    manifest = path.with_name(path.name + SUFFIX)
    if path.name.endswith(SUFFIX):
        raise WrongUsage(f"{file} is a manifest.", "name the file it lies beside.")
    for wanted in (path, manifest):
        if wanted.is_symlink() or not wanted.is_file():
            raise WrongUsage(
                f"{wanted} is not a file.", "put file and manifest side by side, as they would be sent; no links."
            )
    if path.parent.parent == home.landing:
        return Delivery(path, manifest, path.parent.name)
    return Delivery(path, manifest, read_manifest(manifest).organisation)


def _put(copy: Home, item: Delivery) -> Path:
    """Into the mailbox, the manifest last, as the sender would; the manifest's new place."""
    box = copy.landing / item.mailbox
    box.mkdir(mode=0o700, exist_ok=True)
    for source in (item.file, item.manifest):
        shutil.copyfile(source, box / source.name)
        (box / source.name).chmod(0o600)
    return box / item.manifest.name


def _tried(home: Home, copy: Home, deliveries: Sequence[Delivery], period: str) -> Preview:
    from ingest.register import Register
    from publication.compare import compare_releases

    notes = [*_others_waiting(home, deliveries)]
    before = Register.load(copy)
    landed = [_put(copy, item) for item in deliveries]
    outcome = refused = None
    # what Dagster loads reads its home from there as well
    with aside("in the copy"), within({"OUTTURN_HOME": str(copy.root)}):
        notes += _of_an_older_state(copy)
        try:
            outcome = run_main_job(copy, period)
        except Refused as error:
            refused = Refused(_of_home(error.message, home, copy), _of_home(error.mend, home, copy))
    after = Register.load(copy)
    fates = tuple(_fate(copy, item, path, before, after) for item, path in zip(deliveries, landed, strict=True))
    found = None
    if outcome is not None and home.current.exists():
        found = compare_releases(home.current, copy.current)
    elif outcome is not None:
        notes.append("There is no release yet: everything the run publishes would be new.")
    return Preview(period, fates, outcome, refused, found, tuple(notes))


def _of_home(text: str, home: Home, copy: Home) -> str:
    return text.replace(str(copy.root), str(home.root))


def _others_waiting(home: Home, deliveries: Sequence[Delivery]) -> list[str]:
    ours = {item.manifest for item in deliveries}
    others = sum(path not in ours for path in waiting_manifests(home))
    if not others:
        return []
    return [
        f"{others} other file(s) wait in the mailboxes and are no part of this; a run takes them in as well. "
        "What to do: name them too, or run first."
    ]


def _of_an_older_state(copy: Home) -> list[str]:
    """Whether a run would change the release even without the files: then not all that moves is their doing."""
    if not copy.current.exists():
        return []
    made_of = read_json(copy.current / "manifest.json")
    try:
        cycle = current_cycle(copy)
    except OutturnError:
        # the run will say so
        return []
    now = {
        "data_cut_id": cycle.cut.cut_id,
        "definitions_hash": cycle.definitions_hash,
        "code_version": cycle.code_version,
    }
    if all(made_of.get(name) == value for name, value in now.items()):
        return []
    return [
        "The release in force was made of other submissions, lists, definitions or code than the home has now: some of "
        "what moves is not the doing of these files. What to do: `outturn run` first, then preview again."
    ]


def _fate(copy: Home, item: Delivery, landed: Path, before: Register, after: Register) -> Fate:
    receipt = _receipt_of(item, after)
    if landed.exists() or receipt is None:
        return Fate(f"a file of {item.mailbox}", WAITS)
    known = next((one for one in before.entries if one.submission_id == receipt.submission_id), None)
    if known is not None and known.accepted:
        return Fate(receipt.shown_name, KNOWN, receipt)
    if not receipt.accepted:
        return Fate(receipt.shown_name, REFUSED, receipt)
    counted = {one.submission_id for one in after.in_force()}
    fewer = tuple(
        (one, one.submission_id not in counted)
        for one in sorted(before.in_force(), key=lambda one: one.chronology)
        if _reaches(receipt, one)
    )
    until = contracts()[receipt.feed].provisional_until(receipt.covers_to or date.min)
    return Fate(
        receipt.shown_name,
        ACCEPTED,
        receipt,
        fewer,
        receipt.submission_id not in counted,
        until if until > date.min else None,
        today_of(copy) > until,
    )


def _receipt_of(item: Delivery, register: Register) -> Receipt | None:
    """The receipt of a delivery: by its identity, else, where it has none, by its manifest."""
    from foundation.canonical import sha256_bytes, sha256_file

    sent = item.manifest.read_bytes()
    try:
        manifest: Manifest | None = read_manifest(item.manifest)
    except Refused:
        manifest = None
    identity = manifest.submission_id(sha256_file(item.file)) if manifest is not None else ""
    fitting = [one for one in register.entries if one.submission_id == identity] or [
        one
        for one in register.entries
        if one.manifest_sha256 == sha256_bytes(sent) and one.organisation == item.mailbox
    ]
    return fitting[0] if fitting else None


def _reaches(new: Receipt, old: Receipt) -> bool:
    """Whether a submission decides days that another of its feed and sender covers."""
    if None in (new.covers_from, new.covers_to, old.covers_from, old.covers_to):
        return False
    return (
        (new.feed, new.organisation) == (old.feed, old.organisation)
        and new.submission_id != old.submission_id
        and new.precedence > old.precedence
        and (new.covers_from or date.min) <= (old.covers_to or date.min)
        and (old.covers_from or date.min) <= (new.covers_to or date.min)
    )
