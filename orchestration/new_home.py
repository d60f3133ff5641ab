"""`outturn new-home`: an empty home for a place of one's own, live or to practise in.

Belongs here: making the home. Not here: what stands in `place.yaml` (`places.own`), filling a demo place (`demo`).
"""

from __future__ import annotations

from pathlib import Path

from foundation.durable import write_bytes
from foundation.errors import WrongUsage
from foundation.home import Home
from orchestration.progress import say


def make_home(home: Home, description: Path) -> None:
    """Make an empty home for the place a file describes.

    WrongUsage where the folder is a home already or holds anything else; Refused where the file is off.
    """
    from places.own import FILE, read_place
    from publication.disclosure.rules import rules_of

    if home.marker.exists():
        raise WrongUsage(f"{home.root} is a home already.", "name another folder with --home.")
    if home.root.exists() and any(home.root.iterdir()):
        raise WrongUsage(f"{home.root} is not empty.", "name a folder that is empty or not there yet with --home.")
    entry = read_place(description)
    rules_of(entry.disclosure)
    practice = entry.practice_day is not None
    (home.root / "agreements").mkdir(parents=True)
    # before the marker: a home is complete when it says that it is one
    write_bytes(home.root / FILE, description.read_bytes())
    home.create(demo=practice, place=entry.id)
    if practice:
        say("home", f"{home.root}: {entry.title}, to practise in. It is always {entry.practice_day} there.")
        say("", "Its keys are the demonstration's, and nothing in it is worth anything.")
    else:
        say("home", f"{home.root}: {entry.title}")
        say("", "It publishes with the key that OUTTURN_RELEASE_KEY names: `outturn new-key FILE` makes one.")
    say("mailboxes", str(home.landing))
    say("agreements", str(home.root / "agreements"))
