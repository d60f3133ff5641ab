"""`outturn demo`: a home filled with a place's submissions, its agreements approved, and the main job run."""

from __future__ import annotations

import json
import re

from foundation.durable import write_bytes
from foundation.errors import WrongUsage
from foundation.home import Home
from orchestration.cycle import agreements_of
from orchestration.deciding import approve_for_demo
from orchestration.main_job import DONE, WITH_FINDINGS, Outcome, run_main_job
from orchestration.progress import say
from places import Place, find_place


def fill(home: Home, place: Place) -> int:
    """Put the place's submissions into the senders' mailboxes, once; returns how many were put there."""
    marker = home.vault / "filled.json"
    if marker.exists() and json.loads(marker.read_bytes())["fingerprint"] == place.fingerprint():
        return 0
    items = place.submissions()
    for item in items:
        item.write(home.landing)
    write_bytes(marker, json.dumps({"fingerprint": place.fingerprint()}).encode(), mode=0o600)
    return len(items)


def unexpected(place: Place, outcome: Outcome) -> list[str]:
    """Findings that were not planted in the place, and planted ones that did not occur."""
    withheld = {
        matched[1].replace("/", "@") for line in outcome.findings if (matched := re.match(r"withheld (\S+):", line))
    }
    planted = {name.partition("@")[2] for name in place.expected_withheld}
    others = [line for line in outcome.findings if not line.startswith("withheld ")]
    return [
        *others,
        *(f"{name} was withheld and should not have been" for name in sorted(withheld - planted)),
        *(f"{name} should have been withheld and was not" for name in sorted(planted - withheld)),
    ]


def run_demo(home: Home, name: str, residents: int | None) -> int:
    """Fill and run a demo home; the exit code is 0 when exactly the planted findings occur."""
    place = find_place(name)
    if residents is not None:
        raise WrongUsage(f"{name} holds no residents: its figures are published totals.", "leave --residents out.")
    if home.marker.exists() and (not home.is_demo or home.settings().get("place") != name):
        raise WrongUsage(
            f"{home.root} is a home for something else.", "choose another folder with --home, or set OUTTURN_HOME."
        )
    home.create(demo=True, place=name)
    put = fill(home, place)
    say("demo", f"{place.title}: {put} submissions put into landing" if put else f"{place.title}: already filled")
    for agreement in agreements_of(home):
        approve_for_demo(home, place, agreement)
    outcome = run_main_job(home, place.last_month)
    outcome.print()
    for line in (surprises := unexpected(place, outcome)):
        say("surprise", line)
    return WITH_FINDINGS if surprises else DONE
