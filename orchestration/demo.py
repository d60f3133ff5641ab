"""`outturn demo`: a home filled with a place's submissions, its agreements approved, and the main job run."""

from __future__ import annotations

import json
import re
from collections import Counter

from foundation.durable import write_bytes
from foundation.errors import WrongUsage
from foundation.home import Home
from orchestration.cycle import agreements_of
from orchestration.dbt import begin_reading
from orchestration.deciding import approve_for_demo
from orchestration.main_job import DONE, WITH_FINDINGS, Outcome, run_main_job
from orchestration.progress import say
from places import Place, find_place

WITHOUT_PEOPLE, WITH_PEOPLE = "derbyshire", "greenwich"


def fill(home: Home, place: Place) -> int:
    """Put the place's submissions into the senders' mailboxes, once; returns how many were put there."""
    marker = home.vault / "filled.json"
    if marker.exists() and json.loads(marker.read_bytes())["fingerprint"] == place.fingerprint():
        return 0
    put = 0
    for item in place.submissions():
        item.write(home.landing)
        put += 1
    write_bytes(marker, json.dumps({"fingerprint": place.fingerprint()}).encode(), mode=0o600)
    return put


def define(home: Home) -> None:
    """Put the local indicators of the home's agreements into the home, as a place would that has its own."""
    for agreement in agreements_of(home):
        for path in sorted((agreement.path.parent / "indicators").glob("*.yaml")):
            folder = home.root / "indicators"
            folder.mkdir(exist_ok=True)
            write_bytes(folder / path.name, path.read_bytes())


def unexpected(home: Home, place: Place, outcome: Outcome) -> list[str]:
    """Findings that were not planted in the place, and planted ones that did not occur."""
    from ingest.register import receipts

    planted = place.findings()
    withheld = {
        matched[1].replace("/", "@") for line in outcome.findings if (matched := re.match(r"withheld (\S+):", line))
    }
    held_back: Counter[str] = Counter()
    for receipt in receipts(home):
        if receipt.rows_quarantined:
            held_back[receipt.feed] += receipt.rows_quarantined
    return [
        *(line for line in outcome.findings if line.startswith("refused ")),
        *(f"{name} was withheld and should not have been" for name in sorted(withheld - planted.withheld)),
        *(f"{name} should have been withheld and was not" for name in sorted(planted.withheld - withheld)),
        *(
            f"{held_back[feed]} row(s) of {feed} are in quarantine, {planted.quarantined.get(feed, 0)} were planted"
            for feed in sorted({*held_back, *planted.quarantined})
            if held_back[feed] != planted.quarantined.get(feed, 0)
        ),
    ]


def place_named(name: str | None, residents: int | None) -> Place:
    """The place asked for. Without a name: the one that has residents where residents are asked for."""
    return find_place(name or (WITHOUT_PEOPLE if residents is None else WITH_PEOPLE), residents)


def run_demo(home: Home, name: str | None, residents: int | None) -> int:
    """Fill and run a demo home; the exit code is 0 when exactly the planted findings occur."""
    place = place_named(name, residents)
    if home.marker.exists():
        held = home.settings()
        if (held.get("demo"), held.get("place"), held.get("residents")) != (True, place.name, place.residents):
            raise WrongUsage(
                f"{home.root} is a home for something else.", "choose another folder with --home, or set OUTTURN_HOME."
            )
    home.create(demo=True, place=place.name, residents=place.residents)
    define(home)
    begin_reading(home)
    say("demo", f"{place.title}: the senders are writing their files")
    put = fill(home, place)
    say("demo", f"{place.title}: {put} submissions put into landing" if put else f"{place.title}: already filled")
    for agreement in agreements_of(home):
        approve_for_demo(home, place, agreement)
    outcome = run_main_job(home, place.last_month)
    outcome.print()
    for line in (surprises := unexpected(home, place, outcome)):
        say("surprise", line)
    return WITH_FINDINGS if surprises else DONE
