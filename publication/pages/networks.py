"""One page a primary care network: its practices, its figures beside what chance alone gives, what it can do with them.

Belongs here: words and tables of one network, from the groups as shown. Not here: which groups may be shown
(disclosure), drawings (groups). A network has no level and no rank: levels and money are for the alliance as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from publication.funnel import Funnel, position
from publication.inputs import Row
from publication.pages.book import Book, figures_of, network_page_of, page_of, reason_key
from publication.pages.frame import cell, heads, render, row
from publication.pages.groups import reasons_of
from publication.wording import MARKERS, capital, day, number, period_name, plural, unit_words, value_text

WHO_COUNTS = (
    "A person counts in the network of the general practice they are registered with, on the first day of the month "
    "in which what is counted happened. Whoever changes practice counts in the other network from the next month on. "
    "People whose practice is not known are in no network."
)
CAN_DO = (
    "Look first at what lies outside the limits: chance alone seldom gives that. Ask who these people are, and whether "
    "something was recorded or sent in another way. It is a reason to ask, not a verdict.",
    "What lies inside the limits does not set this network apart, however the others stand.",
    "If the list of practices is wrong, tell the council’s public health intelligence team, which keeps it. The "
    "figures are then made again from the same returns.",
    "If a figure looks wrong, compare its numerator and denominator with your own list for the same dates. They are "
    "rounded to the nearest 5, so a difference of 2 is none.",
)


def _practice_rows(book: Book, network: str) -> list[Any]:
    mine = sorted(
        (one for one in book.inputs.practices if one["pcn"] == network),
        key=lambda one: (str(one["practice_code"]), one["valid_from"]),
    )
    return [
        row(cell(str(one["practice_code"])), cell(day(one["valid_from"])),
            cell(day(one["valid_to"]) if one["valid_to"] else "goes on"))
        for one in mine
    ]  # fmt: skip


def _area_value(book: Book, group: Row) -> dict[str, Any]:
    """The area's own figure of the same dates."""
    kind = (group["period_kind"], group["period_id"])
    for outcome in figures_of(book, group["indicator_id"], group["area_code"]):
        if (outcome["period_kind"], outcome["period_id"]) == kind:
            return cell(outcome["value_text"], n=True, figure=outcome["figure_id"])
    return cell("–", n=True)


def place_words(group: Row, funnel: Funnel | None, decimals: int) -> str:
    """Where a network's figure lies between what chance gives, in words."""
    if group["value"] is None:
        return f"Not shown: {MARKERS.get(group['marker'] or 'x', 'not available')}"
    if funnel is None or not group["denominator"]:
        return "No limits can be given"
    return capital(position(group["value"], Decimal(group["denominator"]), funnel, decimals))


def _figure_rows(book: Book, network: str) -> tuple[list[Any], list[str]]:
    """The network's figures as rows, those that are shown first, and a sentence for each outside the limits."""
    rows: list[Any] = []
    unshown: list[Any] = []
    outside: list[str] = []
    for key, group, funnel in book.kept.get(("network", network), ()):
        entry = book.catalogue[group["indicator_id"]]
        decimals = entry["value_decimals"]
        value = cell(value_text(group["value"], decimals, group["marker"]), n=True, figure=group["figure_id"],
                     more="" if group["value"] is None else unit_words(entry["unit"], entry["statistic"]))  # fmt: skip
        if group["marker"] in ("w", "x", "c", "z"):
            value["href"] = f"data-quality.html#{reason_key(group)}"
        words, when = place_words(group, funnel, decimals), period_name(group["period_id"], group["period_kind"])
        if words.startswith("Outside") and funnel is not None:
            side = "above" if group["value"] > funnel.centre else "below"
            outside.append(f"{entry['name']}, {when}: {words[:1].lower()}{words[1:]}, {side} the networks together.")
        (rows if group["value"] is not None else unshown).append(
            row(
                cell(entry["name"], href=f"{page_of(group['indicator_id'])}#{key}", more=capital(when)),
                value, _area_value(book, group),
                *(cell("–" if group[name] is None else number(group[name]), n=True)
                  for name in ("numerator", "denominator")),
                cell(words),
            )
        )  # fmt: skip
    return rows + unshown, outside


def _figures_note(book: Book, network: str) -> str:
    """That figures of networks do not add up, and why some of this one's are not shown."""
    groups = [group for _, group, _ in book.kept.get(("network", network), ())]
    unshown = [group for group in groups if group["value"] is None]
    note = "Each is hidden and rounded by itself: the networks do not add up to the area."
    if unshown:
        note += (
            f" {len(unshown)} of {plural(len(groups), 'figure')} are not shown and stand last. {reasons_of(unshown)}"
        )
    return note


def _network_page(book: Book, network: str, site: Mapping[str, Any]) -> bytes:
    rows, outside = _figure_rows(book, network)
    practices = _practice_rows(book, network)
    area = book.inputs.place.area_name
    return render(
        "public/network.html.j2",
        {"title": f"Network {network}", "heading": f"Network {network}", "caption": "Primary care network",
         "nav": "networks.html", "description": f"Network {network}: its practices, its figures and what chance gives.",
         "crumb": {"href": "networks.html", "text": "Networks"}},
        site,
        lede=f"The figures of the people registered in network {network}, each beside that of {area} as a whole and "
             "beside what chance alone gives a network of its size. No level is set for a network, and none is ranked: "
             "levels and money are for the alliance as a whole.",
        outside=outside,
        outside_none="No figure of this network lies outside the limits of chance. That does not say that all is well; "
                     "it says that the figures do not set this network apart.",
        who_counts=WHO_COUNTS,
        practices={"key": "practices", "caption": f"Practices of network {network}",
                   "head": heads("Practice", "From", "To"), "rows": practices,
                   "note": "As the register of practices has it in the data cut of this release."}
        if practices else None,
        figures={"key": "figures", "caption": f"Figures of network {network}",
                 "head": heads("Indicator", "#This network", f"#{area}", "#Numerator", "#Denominator",
                               "Beside chance"), "rows": rows,
                 "note": _figures_note(book, network)},
        can_do=CAN_DO,
    )  # fmt: skip


def network_pages(book: Book, site: Mapping[str, Any]) -> dict[str, bytes]:
    """A page a network and the list of them, by file name; none where nothing is divided by network.

    Made after the pages of the indicators, which work out every funnel.
    """
    if not book.networks:
        return {}
    practices: dict[str, int] = {}
    for one in book.inputs.practices:
        if one["valid_to"] is None:
            practices[one["pcn"]] = practices.get(one["pcn"], 0) + 1
    pages = {network_page_of(network): _network_page(book, network, site) for network in book.networks}
    rows = []
    for network in book.networks:
        groups = book.kept.get(("network", network), ())
        placed = [
            place_words(r, funnel, book.catalogue[r["indicator_id"]]["value_decimals"]) for _, r, funnel in groups
        ]
        rows.append(
            row(
                cell(f"Network {network}", href=network_page_of(network)),
                cell(number(practices[network]) if network in practices else "–", n=True),
                cell(number(len(placed)), n=True),
                cell(number(sum(words == "Inside the limits" for words in placed)), n=True),
                cell(number(sum(words.startswith("Outside") for words in placed)), n=True),
                cell(number(sum(words.startswith("No") for words in placed)), n=True),
            )
        )
    pages["networks.html"] = render(
        "public/networks.html.j2",
        {"title": "Networks", "heading": "Primary care networks", "nav": "networks.html",
         "description": "Every primary care network with its practices and figures; none is ranked."},
        site,
        lede=f"{plural(len(rows), 'network')} of general practices, in the order of their codes. Networks differ in "
             "size and in the people they serve: each has a page of its own, and none is set above another.",
        who_counts=WHO_COUNTS,
        table={"key": "networks", "caption": "Networks and how many of their figures chance explains",
               "head": heads("Network", "#Practices now", "#Figures", "#Inside the limits", "#Outside",
                             "#Not shown, or no limits"), "rows": rows,
               "note": "About 1 figure in 20 lies outside the 95 % limits by chance alone, and with many figures some "
                       "will."},
    )  # fmt: skip
    return pages
