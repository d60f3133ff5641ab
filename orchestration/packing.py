"""`outturn pack`: what a challenge of one figure needs, in a folder.

Belongs here: writing the folder, whole or not at all. Not here: what lies in it (`publication.pack`).
"""

from __future__ import annotations

from pathlib import Path

from foundation.durable import new_directory, write_bytes
from foundation.errors import WrongUsage
from orchestration.progress import say


def write_pack(release: Path, figure: str, out: Path) -> None:
    """Write the pack of a figure into a new folder. WrongUsage when the folder is there already."""
    from publication.pack import CERTIFICATE, WORKBOOK, build_pack

    if out.exists():
        raise WrongUsage(f"{out} is there already.", "name a folder that is not there yet: a pack is never mixed.")
    files = build_pack(release, figure)
    out.parent.mkdir(parents=True, exist_ok=True)
    with new_directory(out) as draft:
        for name, content in files.items():
            write_bytes(draft / name, content)
    say("certificate", str(out / CERTIFICATE))
    say("workbook", str(out / WORKBOOK))
    say("written", f"{len(files)} files; for members and commissioners only")
