"""The data cut: the exact set of submissions a run uses; its id is the hash of that set.

Belongs here: building, storing and reading it. Not here: judging it (`expectations.gate_checks`), and who is one
person (`ingest.identity.link`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from foundation.canonical import canonical_json, sha256_bytes
from foundation.durable import write_bytes
from foundation.errors import SystemFault
from foundation.home import Home
from ingest.contract import Contract, load_contracts
from ingest.identity.links import link_table_of, no_links, read_links
from ingest.identity.requests import require_known
from ingest.identity.rights import require_applied
from ingest.register import Receipt, Register

FILE_NAME = "cut.json"


@dataclass(frozen=True, order=True)
class CutSubmission:
    """One submission as the cut names it."""

    submission_id: str
    feed: str
    organisation: str
    covers_from: date
    covers_to: date
    sequence: int
    sha256: str
    rows_accepted: int

    def as_json(self) -> dict[str, object]:
        return {
            "submission_id": self.submission_id,
            "feed": self.feed,
            "organisation": self.organisation,
            "covers_from": self.covers_from,
            "covers_to": self.covers_to,
            "sequence": self.sequence,
            "sha256": self.sha256,
            "rows_accepted": self.rows_accepted,
        }


@dataclass(frozen=True)
class DataCut:
    """Submissions sorted by id; link table and opt-outs are hashes, None while there are none.

    `opt_outs` is the state of the lists of people who do not count: opted out, objected, erased.

    `link_table` names the table of `vault/identity/links/` that says which tokens are one person.
    """

    submissions: tuple[CutSubmission, ...]
    link_table: str | None = None
    opt_outs: str | None = None

    def document(self) -> dict[str, Any]:
        return {
            "submissions": [item.as_json() for item in sorted(self.submissions)],
            "link_table": self.link_table,
            "opt_outs": self.opt_outs,
        }

    @property
    def cut_id(self) -> str:
        """Hash of the cut's canonical form."""
        return sha256_bytes(canonical_json(self.document()))

    def of(self, feed: str) -> list[CutSubmission]:
        """The cut's submissions of a feed."""
        return [item for item in self.submissions if item.feed == feed]

    def last_day(self, feed: str) -> date | None:
        """Last day any submission of the feed covers; None without one."""
        return max((item.covers_to for item in self.of(feed)), default=None)


def _entry(receipt: Receipt) -> CutSubmission:
    if receipt.covers_from is None or receipt.covers_to is None:
        raise SystemFault("an accepted submission has no dates.", "restore vault/submissions from backup.")
    return CutSubmission(
        receipt.submission_id,
        receipt.feed,
        receipt.organisation,
        receipt.covers_from,
        receipt.covers_to,
        receipt.sequence,
        receipt.sha256,
        receipt.rows_accepted,
    )


def cut_of(register: Register, link_table: str | None = None, opt_outs: str | None = None) -> DataCut:
    """The cut of what counts in a register. Accepted but wholly superseded submissions are not part of it."""
    return DataCut(tuple(sorted(_entry(item) for item in register.in_force())), link_table, opt_outs)


def build_cut(home: Home, contracts: Mapping[str, Contract] | None = None) -> DataCut:
    """The cut of everything that counts now, stored under `verdicts/<cut>/cut.json` and never changed.

    The link table is made with it when a feed about people has submissions. contracts: those of the product if None.
    Refused while rows of a feed do not follow the lists of people who do not count.
    """
    register = Register.load(home)
    agreed = load_contracts() if contracts is None else contracts
    in_force = register.in_force()
    about_people = {item.feed for item in in_force if item.feed in agreed and agreed[item.feed].identity is not None}
    opt_outs = require_applied(home, about_people)
    if opt_outs is not None:
        require_known(home, _keys_in_force(agreed[feed] for feed in about_people))
    cut = cut_of(register, link_table_of(home, in_force, agreed), opt_outs)
    path = home.verdicts / cut.cut_id / FILE_NAME
    data = canonical_json(cut.document())
    if not path.exists():
        write_bytes(path, data)
    elif path.read_bytes() != data:
        raise SystemFault(f"{path} was changed after it was written.", "restore the verdicts folder from backup.")
    return cut


def _keys_in_force(contracts: Iterable[Contract]) -> set[str]:
    return {
        key for item in contracts if item.identity is not None and item.identity.tokens for key in item.identity.key_ids
    }


def read_cut(home: Home, cut_id: str) -> DataCut:
    """A stored cut; SystemFault when it is missing or its content is not what its id says."""
    path = home.verdicts / cut_id / FILE_NAME
    try:
        raw = json.loads(path.read_bytes())
        cut = DataCut(
            tuple(
                CutSubmission(
                    item["submission_id"],
                    item["feed"],
                    item["organisation"],
                    date.fromisoformat(item["covers_from"]),
                    date.fromisoformat(item["covers_to"]),
                    int(item["sequence"]),
                    item["sha256"],
                    int(item["rows_accepted"]),
                )
                for item in raw["submissions"]
            ),
            raw["link_table"],
            raw["opt_outs"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise SystemFault(f"the data cut {cut_id} cannot be read.", "run `outturn run` to build it again.") from None
    if cut.cut_id != cut_id:
        raise SystemFault(f"the data cut {cut_id} was changed.", "restore the verdicts folder from backup.")
    return cut


def links_of(home: Home, cut: DataCut) -> Any:
    """The cut's link table (columns: `ingest.identity.link.SCHEMA`); without rows when the cut is about no person."""
    return no_links() if cut.link_table is None else read_links(home, cut.link_table)
