"""`outturn bridge`: why this statement pays another sum than the last one.

Belongs here: reading two releases or folders, printing. Not here: the bridge (`settlement.bridge`) and its drawing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from foundation.durable import write_bytes
from foundation.errors import WrongUsage
from orchestration.progress import say

if TYPE_CHECKING:
    from settlement.books import Books


def books_at(folder: Path) -> list[Books]:
    """The settlements of a release, or of a folder as `outturn settle` takes it with the terms beside it."""
    from publication.bridge import release_books
    from publication.reader import open_release
    from settlement.books import read_books

    if not folder.is_dir():
        raise WrongUsage(f"{folder} is not a folder.", "name a release, or a folder for `outturn settle`.")
    if (folder / "manifest.json").is_file():
        return release_books(open_release(folder))
    return list(read_books({path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}))


def print_bridge(
    old: Path, new: Path, out: Path | None, agreement: str | None, period: str | None, since: str | None
) -> None:
    """Print the bridge, and write its table, details and waterfall where a folder is named."""
    from publication.bridge import ORDER_WORDS, bridge_files, bridge_rows, choose
    from publication.wording import money
    from settlement.bridge import build_bridge

    earlier, later = choose(books_at(old), books_at(new), agreement, period, since)
    bridge = build_bridge(earlier, later)
    for row in bridge_rows(bridge, later):
        say(money(row["alliance_pence"]), row["what"])
    say("note", ORDER_WORDS)
    if out is not None:
        for name, content in bridge_files(bridge, later).items():
            write_bytes(out / name, content)
        say("written", str(out))
