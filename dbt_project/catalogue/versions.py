"""Versions of a definition: what they have counted, written down once, and what changed from one to the next.

Belongs here: the lock of the definitions, former definitions (`history/<id>.v<version>.yaml`), their order. Not here:
the fields of a definition and how it is read (the package), the page about changes (`page`).

    python -m dbt_project.catalogue.versions      # writes new versions into the lock; never another text for an old one
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from dbt_project.catalogue import DIRECTORY, LOCK, Indicator, former_of, load_folder, locked
from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.errors import Refused


def lock_text(indicators: Iterable[Indicator], before: Mapping[str, Mapping[str, str]]) -> bytes:
    """The lock with the versions that are not in it yet. Refused when one would be given another definition."""
    held = {name: dict(versions) for name, versions in before.items()}
    for one in indicators:
        versions = held.setdefault(one.indicator_id, {})
        written = versions.setdefault(str(one.version), one.counting_hash)
        if written != one.counting_hash:
            raise Refused(
                f"version {one.version} of {one.indicator_id} is written down with another definition.",
                "give the changed definition the next version; docs/how-to/add-an-indicator.md says how.",
            )
    return readable_json(held)


def differences(before: Indicator, after: Indicator) -> list[tuple[str, str, str]]:
    """Fields that decide the figure and are not the same: name, former and new text, in the order of the fields."""
    return [
        (name, str(then), str(now))
        for name in (*Indicator.COUNTING, *Indicator.COUNTING_SOME)
        if (then := getattr(before, name)) != (now := getattr(after, name))
    ]


def histories(directory: Path = DIRECTORY) -> list[list[Indicator]]:
    """The versions of each indicator of a catalogue, from the first to the one in force, in the order of ids."""
    return [[*former_of(directory, one), one] for one in load_folder(directory)]


def main(directory: Path = DIRECTORY) -> None:
    """Write the lock of a catalogue."""
    versions = [one for all_of_one in histories(directory) for one in all_of_one]
    write_bytes(directory / LOCK, lock_text(versions, locked(directory)))


if __name__ == "__main__":
    main()
