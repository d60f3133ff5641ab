"""One turn of the main job: which data cut, which agreements, which definitions, and the fingerprint of all of them.

Every asset after intake asks for the same `Cycle`, so none of them can work on another cut than its neighbour.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.canonical import content_id
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from foundation.period import Period, parse_period
from foundation.version import PRODUCT, code_version
from orchestration.rooms import contracts, definitions_hash

if TYPE_CHECKING:
    from ingest.cut import DataCut
    from places import Place
    from settlement.terms import Terms

AGREEMENTS = PRODUCT / "agreements"


@dataclass(frozen=True)
class AgreementOnFile:
    """Terms as they lie on disk: the bytes members approved, and what they mean."""

    path: Path
    content: bytes
    terms: Terms


@dataclass(frozen=True)
class Cycle:
    """A data cut under certain terms, definitions and code."""

    home: Home
    cut: DataCut
    agreements: tuple[AgreementOnFile, ...]
    definitions_hash: str
    code_version: str

    @property
    def fingerprint(self) -> str:
        """Identity of a warehouse build: the same fingerprint means the same tables, byte for byte."""
        return content_id(
            {
                "data_cut_id": self.cut.cut_id,
                "terms": sorted(item.terms.terms_hash for item in self.agreements),
                "definitions_hash": self.definitions_hash,
                "code_version": self.code_version,
            }
        )

    @property
    def inputs(self) -> Path:
        return self.home.warehouse / "inputs" / self.fingerprint[:32]

    @property
    def verdict_folder(self) -> Path:
        return self.home.verdicts / self.cut.cut_id


def place_of(home: Home) -> Place:
    """The place a home speaks for: its own, or a demo's with as many residents as the home was made for."""
    from places import find_place
    from places.own import own_place

    settings = home.settings()
    if (own := own_place(home.root)) is not None:
        return own
    residents = settings.get("residents")
    return find_place(str(settings["place"]), residents if isinstance(residents, int) else None)


def agreements_of(home: Home) -> tuple[AgreementOnFile, ...]:
    """Agreements of a home: those its place names in a demo, else those in the home's own `agreements/`."""
    from places.own import own_place
    from settlement.terms import load_terms
    from settlement.terms_versions import Version, require_no_gaps

    if home.is_demo and own_place(home.root) is None:
        folders = [AGREEMENTS / name for name in place_of(home).agreements]
    else:
        folders = sorted(path for path in (home.root / "agreements").glob("*") if path.is_dir())
    found = []
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            content = path.read_bytes()
            found.append(AgreementOnFile(path, content, load_terms(content)))
    require_no_gaps([Version(item.path.name, item.content, item.terms) for item in found])
    return tuple(found)


def current_cycle(home: Home) -> Cycle:
    """The cycle of everything accepted so far; Refused when nothing is."""
    from ingest.cut import build_cut

    cut = build_cut(home, contracts())
    if not cut.submissions:
        raise Refused(
            "nothing has been accepted into this home yet.",
            "put submissions with their manifests into vault/landing/<organisation>/ and run `outturn run`.",
        )
    return Cycle(home, cut, agreements_of(home), definitions_hash(home), code_version())


def only(agreements: tuple[AgreementOnFile, ...], name: str | None) -> tuple[AgreementOnFile, ...]:
    """All agreements, or the one called `name`."""
    if name is None:
        return agreements
    chosen = tuple(item for item in agreements if item.terms.id == name)
    if not chosen:
        known = ", ".join(sorted({item.terms.id for item in agreements})) or "none"
        raise WrongUsage(f"there is no agreement '{name}' in this home.", f"choose one of: {known}.")
    return chosen


def month_asked(label: str) -> Period:
    """The month of `--period`; WrongUsage when it is not a month."""
    period = parse_period(label)
    if period.kind != "month":
        raise WrongUsage(f"'{label}' is not a month.", "write the month as 2025-08.")
    return period


def read_json(path: Path) -> Any:
    """Content of a JSON file of our own making."""
    return json.loads(path.read_bytes())
