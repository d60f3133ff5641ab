"""Where state lives: one folder, `OUTTURN_HOME`, and the names inside it.

The layout is the one in docs/reference/home.md. Nothing else in the product builds a path by hand.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage


@dataclass(frozen=True)
class Home:
    """Paths of one home. `root` is absolute."""

    root: Path

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def landing(self) -> Path:
        return self.vault / "landing"

    @property
    def submissions(self) -> Path:
        return self.vault / "submissions"

    @property
    def quarantine(self) -> Path:
        return self.vault / "quarantine"

    @property
    def tombstones(self) -> Path:
        return self.vault / "tombstones"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def verdicts(self) -> Path:
        return self.root / "verdicts"

    @property
    def refusals(self) -> Path:
        return self.root / "refusals"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def build_database(self) -> Path:
        return self.warehouse / "build.duckdb"

    @property
    def decisions(self) -> Path:
        return self.root / "decisions"

    @property
    def settlements(self) -> Path:
        return self.root / "settlements"

    @property
    def restatements(self) -> Path:
        return self.root / "restatements"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def current(self) -> Path:
        return self.releases / "current"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def dbt(self) -> Path:
        return self.root / "dbt"

    @property
    def lock(self) -> Path:
        return self.root / "run.lock"

    @property
    def hands(self) -> Path:
        """Held by the processes that write for a run."""
        return self.root / "run.hands"

    @property
    def marker(self) -> Path:
        return self.root / "home.json"

    def settings(self) -> dict[str, object]:
        """Content of home.json: `{"demo": bool, "place": name}`, for a generated place also `residents`."""
        try:
            settings = json.loads(self.marker.read_bytes())
        except FileNotFoundError:
            raise WrongUsage(
                f"{self.root} is not an Outturn home.",
                "make one with `outturn new-home` or `outturn demo`, or set OUTTURN_HOME to a home that exists.",
            ) from None
        if not isinstance(settings, dict):
            raise Refused(f"{self.marker} cannot be read.", "restore it from backup.")
        return settings

    @property
    def is_demo(self) -> bool:
        return self.marker.exists() and self.settings().get("demo") is True

    @property
    def is_preview(self) -> bool:
        """Whether this is the scratch copy of a home in which a run is tried: nothing in it is signed or published."""
        return self.marker.exists() and self.settings().get("preview") is True

    def create(self, *, demo: bool, place: str, residents: int | None = None) -> None:
        """Make the folders (vault 0700) and the marker; an existing home keeps its marker."""
        for folder in (
            self.lake,
            self.verdicts,
            self.refusals,
            self.warehouse,
            self.decisions,
            self.settlements,
            self.restatements,
            self.releases,
            self.dagster,
            self.dbt,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (
            self.vault,
            self.landing,
            self.submissions,
            self.quarantine,
            self.vault / "identity",
            self.tombstones,
        ):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        if not self.marker.exists():
            people = {} if residents is None else {"residents": residents}
            write_bytes(self.marker, readable_json({"demo": demo, "place": place, **people}))

    def require_private_vault(self) -> None:
        """Refuse to go on when others on the machine can read the vault."""
        mode = stat.S_IMODE(self.vault.stat().st_mode)
        if mode & 0o077:
            raise Refused(
                f"{self.vault} can be read by others (mode {mode:04o}).",
                f"run `chmod 700 {self.vault}` and find out who had access meanwhile.",
            )


def open_home(path: str | os.PathLike[str] | None = None) -> Home:
    """The home at `path`, else at OUTTURN_HOME, else `var` under the working folder."""
    chosen = path or os.environ.get("OUTTURN_HOME") or "var"
    return Home(Path(chosen).resolve())
