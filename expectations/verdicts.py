"""Verdicts: the stored result of one check on one data cut, as the gate reads them.

Belongs here: the record, its bytes, writing and reading `verdicts/<cut>/`. Not here: the checks
(`expectations.gate_checks`) and what a verdict does to a payment (`settlement.gate`).

A verdict is bound to its cut, to the definitions, to the code and to the list of required checks. When any of
these changes, or a check is run again with another answer, the former files go to `superseded/` in the same
folder: nothing is edited, and only what stands directly in the folder counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from foundation.canonical import canonical_json, sha256_bytes
from foundation.durable import set_aside, write_bytes
from foundation.errors import SystemFault
from foundation.home import Home

REQUIRED = "required.json"
SUPERSEDED = "superseded"
_KEEP = frozenset({"cut.json", REQUIRED})
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
KINDS = ("integrity", "fitness")
STATUSES = ("passed", "failed", "error")


@dataclass(frozen=True, order=True)
class RequiredCheck:
    """One check that must have a verdict."""

    check_id: str
    kind: str
    scope: str

    def as_json(self) -> dict[str, str]:
        return {"check_id": self.check_id, "kind": self.kind, "scope": self.scope}


@dataclass(frozen=True)
class Context:
    """What every verdict of one run is bound to."""

    data_cut_id: str
    definitions_hash: str
    code_version: str
    required_hash: str


@dataclass(frozen=True)
class Verdict:
    """Result of one check; the columns are in docs/reference/files.md#verdict."""

    check_id: str
    kind: Literal["integrity", "fitness"]
    scope: str
    status: Literal["passed", "failed", "error"]
    data_cut_id: str
    definitions_hash: str
    code_version: str
    required_hash: str
    observed: Mapping[str, Any]
    reason: str
    mend: str
    responsible: str

    def as_json(self) -> dict[str, Any]:
        return {
            "check_id": self.check_id,
            "kind": self.kind,
            "scope": self.scope,
            "status": self.status,
            "data_cut_id": self.data_cut_id,
            "definitions_hash": self.definitions_hash,
            "code_version": self.code_version,
            "required_hash": self.required_hash,
            "observed": dict(self.observed),
            "reason": self.reason,
            "mend": self.mend,
            "responsible": self.responsible,
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON: the same verdict has the same bytes everywhere."""
        return canonical_json(self.as_json())

    @property
    def file_name(self) -> str:
        return verdict_file_name(self.check_id, self.kind, self.scope)


def verdict_file_name(check_id: str, kind: str, scope: str) -> str:
    """`<check>.json`; a fitness check carries its scope: `<check>@<agreement>@<kpi>@<period>.json`."""
    parts = [check_id, *scope.split("/")] if kind == "fitness" else [check_id]
    if not all(_PART.fullmatch(part) for part in parts):
        raise ValueError("a check id or scope cannot stand in a file name")
    return "@".join(parts) + ".json"


def _archive(folder: Path, name: str) -> None:
    """Move a file that no longer counts out of the way, under a name made of its content."""
    path = folder / name
    target = folder / SUPERSEDED / f"{path.stem}-{sha256_bytes(path.read_bytes())[:16]}.json"
    set_aside(path, target)


def required_bytes(context: Context, checks: Iterable[RequiredCheck]) -> bytes:
    """Content of `required.json`; the hash of these bytes is the required hash. `context.required_hash` is not read."""
    listed = sorted(set(checks))
    for item in listed:
        if item.kind not in KINDS:
            raise ValueError(f"a check is one of {', '.join(KINDS)}")
        verdict_file_name(item.check_id, item.kind, item.scope)
    return canonical_json(
        {
            "data_cut_id": context.data_cut_id,
            "definitions_hash": context.definitions_hash,
            "code_version": context.code_version,
            "checks": [item.as_json() for item in listed],
        }
    )


def write_required(
    home: Home, data_cut_id: str, definitions_hash: str, code_version: str, checks: Iterable[RequiredCheck]
) -> Context:
    """Write the list of required checks of a cut and return what its verdicts are bound to.

    The same list again changes nothing. Another list sets aside the former one and every verdict bound to it.
    """
    bare = Context(data_cut_id, definitions_hash, code_version, "")
    data = required_bytes(bare, checks)
    folder = home.verdicts / data_cut_id
    path = folder / REQUIRED
    context = Context(data_cut_id, definitions_hash, code_version, sha256_bytes(data))
    if path.exists() and path.read_bytes() == data:
        return context
    for name in verdict_names(home, data_cut_id):
        _archive(folder, name)
    if path.exists():
        _archive(folder, REQUIRED)
    write_bytes(path, data)
    return context


def write_verdict(home: Home, verdict: Verdict) -> Path:
    """Store a verdict; a former answer of the same check is set aside. SystemFault without its required list."""
    folder = home.verdicts / verdict.data_cut_id
    required = folder / REQUIRED
    if not required.exists() or sha256_bytes(required.read_bytes()) != verdict.required_hash:
        raise SystemFault(
            f"the verdict of {verdict.check_id} belongs to another list of required checks than the one on disk.",
            "write the list of required checks first, then run the checks again.",
        )
    path = folder / verdict.file_name
    data = verdict.to_bytes()
    if path.exists():
        if path.read_bytes() == data:
            return path
        _archive(folder, verdict.file_name)
    write_bytes(path, data)
    return path


def verdict_names(home: Home, data_cut_id: str) -> list[str]:
    """Names of the verdict files of a cut."""
    folder = home.verdicts / data_cut_id
    if not folder.is_dir():
        return []
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file() and path.suffix == ".json" and path.name not in _KEEP and not path.name.startswith(".")
    )


def read_verdicts(home: Home, data_cut_id: str) -> dict[str, bytes]:
    """File name -> bytes of every verdict of a cut, for the gate; without the cut and the required list."""
    folder = home.verdicts / data_cut_id
    return {name: (folder / name).read_bytes() for name in verdict_names(home, data_cut_id)}


def read_required(home: Home, data_cut_id: str) -> bytes | None:
    """Bytes of the required list; None while there is none."""
    path = home.verdicts / data_cut_id / REQUIRED
    return path.read_bytes() if path.exists() else None


def parse_verdict(data: bytes) -> Verdict:
    """The verdict in JSON bytes; SystemFault when it is not one."""
    try:
        raw = json.loads(data)
        verdict = Verdict(**raw)
        known = verdict.status in STATUSES and verdict.kind in KINDS and isinstance(verdict.observed, dict)
        texts = (value for name, value in raw.items() if name != "observed")
        if not known or not all(isinstance(value, str) for value in texts):
            raise ValueError("not a verdict")
    except (ValueError, TypeError):
        raise SystemFault("a stored verdict cannot be read.", "run the checks again for this data cut.") from None
    return verdict
