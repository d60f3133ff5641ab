"""What a demo place is, and how to find one by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from foundation.canonical import content_id, readable_json, sha256_bytes
from foundation.durable import write_bytes
from foundation.errors import WrongUsage

# Each names a module with `place(residents, seed)`.
_PLACES = {
    "derbyshire": "places.derbyshire",
    "greenwich": "places.greenwich",
    "lambeth": "places.boroughs.lambeth",
    "southwark": "places.boroughs.southwark",
    "tower-hamlets": "places.boroughs.tower_hamlets",
}


@dataclass(frozen=True)
class Source:
    """One origin of a place's figures, as the site credits it."""

    title: str
    licence: str
    attribution: str


@dataclass(frozen=True)
class Submission:
    """One file a sender would make, with what its manifest says.

    `control_totals` holds the sums the sender states, as decimal text.
    """

    feed: str
    organisation: str
    covers_from: date
    covers_to: date
    sequence: int
    content: bytes
    rows: int
    control_totals: tuple[tuple[str, str], ...] = ()

    @property
    def file_name(self) -> str:
        return f"{self.feed}_{self.organisation}_{self.covers_from:%Y-%m}_v{self.sequence}.csv"

    def manifest(self) -> dict[str, object]:
        return {
            "feed": self.feed,
            "organisation": self.organisation,
            "covers": {"from": self.covers_from, "to": self.covers_to},
            "sequence": self.sequence,
            "file": self.file_name,
            "sha256": sha256_bytes(self.content),
            "bytes": len(self.content),
            "rows": self.rows,
            "control_totals": dict(self.control_totals),
        }

    def write(self, landing: Path) -> Path:
        """Put file, then manifest, into the sender's mailbox; returns the manifest's path."""
        mailbox = landing / self.organisation
        mailbox.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(mailbox / self.file_name, self.content, mode=0o600)
        manifest = mailbox / f"{self.file_name}.manifest.json"
        write_bytes(manifest, readable_json(self.manifest()), mode=0o600)
        return manifest


@dataclass(frozen=True)
class Findings:
    """What a run on the place must find, and nothing else.

    withheld: `<agreement>@<KPI>@<period>` of every figure no money may move on. quarantined: feed -> rows held back.
    """

    withheld: frozenset[str]
    quarantined: Mapping[str, int]


@dataclass(frozen=True)
class Place:
    """A demo place. `submissions()` gives every file its senders would make, in sending order.

    A generated place makes its files one by one as they are asked for, and says in `recipe` what decides their
    content; `residents` and `seed` are None for a place of published figures.
    """

    name: str
    title: str
    subtitle: str
    area_code: str
    area_name: str
    illustration_note: str
    sources: tuple[Source, ...]
    agreements: tuple[str, ...]
    first_month: str
    last_month: str
    clock: datetime
    approved_at: datetime
    authority_until: date
    findings: Callable[[], Findings]
    submissions: Callable[[], Iterable[Submission]]
    residents: int | None = None
    seed: int | None = None
    recipe: Callable[[], dict[str, object]] | None = None
    # settings of disclosure control that protect more than the house's own; see docs/reference/release.md
    disclosure: Mapping[str, int] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """Hash of everything the place would send: a home filled from it is not filled again."""
        if self.recipe is not None:
            return content_id(self.recipe())
        return content_id([item.manifest() for item in self.submissions()])


def place_names() -> list[str]:
    """Names `outturn demo --place` accepts."""
    return sorted(_PLACES)


def find_place(name: str, residents: int | None = None, seed: int | None = None) -> Place:
    """The place of that name, with so many residents drawn from that seed; None takes the place's own.

    WrongUsage names the places there are, and refuses residents for a place that has none.
    """
    if name not in _PLACES:
        raise WrongUsage(f"there is no demo place '{name}'.", f"choose one of: {', '.join(place_names())}.")
    place = importlib.import_module(_PLACES[name]).place(residents, seed)
    if not isinstance(place, Place):
        raise TypeError(f"{_PLACES[name]}.place does not give a Place")
    return place
