"""Invented persons and the records of them that people type: what the linkage model is made from and tested with.

Belongs here: drawing persons whose names, birthdays and addresses are as common as real ones, misspelling their
records, twins and families. Not here: the model (`scripts/train_linkage.py`), and the demo places. Nobody in here
exists; postcodes use area letters that are not given out, e-mail addresses the domain for examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from places.greenwich.names import nhs_numbers

FIELDS = (
    "nhs_number",
    "other_id",
    "forename",
    "surname",
    "date_of_birth",
    "sex",
    "postcode",
    "address",
    "town",
    "email",
)
_GIRLS_TEXT = """
OLIVIA AMELIA ISLA AVA MIA IVY LILY FREYA FLORENCE WILLOW EMILY GRACE SOPHIA ROSIE ELSIE EVIE POPPY CHARLOTTE ALICE
DAISY PHOEBE MATILDA RUBY SIENNA HARRIET EVA MAYA ISABELLA ERIN ADA MARGARET SUSAN PATRICIA JANET SARAH KAREN
CHRISTINE HELEN JULIE LINDA FATIMA AISHA PRIYA ZAINAB MARIA ANNA CATHERINE ELIZABETH JENNIFER REBECCA LAURA EMMA
GEMMA CLAIRE VICTORIA RACHEL LOUISE NICOLA AMY HANNAH JOANNE KELLY LISA MICHELLE SAMANTHA TRACEY DEBORAH SANDRA
PAULINE DOROTHY JEAN JOAN MARY BARBARA SHEILA MAUREEN BERYL EDNA IRENE GWEN OLUWASEUN NGOZI CHIAMAKA KATARZYNA
MAGDALENA AGNIESZKA SUNITA MANPREET HARJIT YASMIN NADIA SAMIRA MEI XIN LAYLA TERESA BRIDGET SINEAD
"""
GIRLS = tuple(_GIRLS_TEXT.split())
_BOYS_TEXT = """
OLIVER GEORGE NOAH ARTHUR HARRY LEO MUHAMMAD JACK OSCAR HENRY THEODORE ARCHIE JOSHUA FREDDIE JACOB THOMAS LOGAN
ALEXANDER WILLIAM JAMES LUCAS ETHAN EDWARD MAX ISAAC FINLEY TOBY SAMUEL DANIEL BENJAMIN DAVID JOHN PETER MICHAEL
ROBERT PAUL ALAN STEPHEN KEITH BRIAN COLIN GRAHAM KENNETH DEREK MOHAMMED IBRAHIM YUSUF OMAR AHMED ALI HASSAN ANDREW
MARK RICHARD CHRISTOPHER SIMON IAN ANTHONY KEVIN GARY STUART NEIL MARTIN ADRIAN LEE CRAIG DARREN MATTHEW LUKE ADAM
RYAN LIAM CALLUM KIERAN CONNOR JORDAN NATHAN AARON OLUWATOBI EMEKA CHUKWUDI PIOTR TOMASZ KRZYSZTOF RAJ GURPREET
SANJAY ANIL WEI HAO TARIQ BILAL USMAN KHALID PATRICK SEAN
"""
BOYS = tuple(_BOYS_TEXT.split())
_COMMON_SURNAMES_TEXT = """
SMITH JONES TAYLOR BROWN WILLIAMS WILSON JOHNSON DAVIES PATEL ROBINSON WRIGHT THOMPSON EVANS WALKER WHITE ROBERTS
GREEN HALL WOOD JACKSON CLARKE KHAN THOMAS HUGHES EDWARDS HILL SINGH HARRIS AHMED LEWIS MARTIN COOPER WARD MORRIS
BAKER MOORE KING ALI HARRISON MORGAN ALLEN TURNER PARKER COOK BEGUM PHILLIPS SHAH WATSON HUSSAIN LEE CARTER SCOTT
YOUNG BAILEY ADAMS BENNETT MURPHY CAMPBELL ANDERSON MITCHELL KELLY COX RICHARDSON ROGERS KAUR OKAFOR ADEYEMI MENSAH
NOWAK KOWALSKI SHARMA GUPTA NGUYEN CHEN WANG OBRIEN MARSHALL SIMPSON PRICE BELL GRIFFITHS
"""
_COMMON_SURNAMES = tuple(_COMMON_SURNAMES_TEXT.split())
_STARTS_TEXT = """
BAR CAL DEN ELL FAR GRAN HAL KEN LANG MAR NOR OAK PEM RAD STAN THORN UP WAL WEST YEL ASH BECK COLD DUN
"""
_STARTS = tuple(_STARTS_TEXT.split())
_MIDDLES_TEXT = """
A E I O ER EN IN OR AL EL
"""
_MIDDLES = tuple(_MIDDLES_TEXT.split())
_ENDS_TEXT = """
TON FORD WELL LEY BY WICK HAM WORTH FIELD SON MAN STEAD BURN DALE COTT
"""
_ENDS = tuple(_ENDS_TEXT.split())
_STREETS_TEXT = """
CHURCH STATION VICTORIA PARK MILL HIGH SCHOOL QUEENS NORTH KINGS GROVE MANOR ALBERT YORK ELM OAK CEDAR
"""
_STREETS = tuple(_STREETS_TEXT.split())
_KINDS_TEXT = """
ROAD STREET LANE AVENUE CLOSE DRIVE TERRACE WAY
"""
_KINDS = tuple(_KINDS_TEXT.split())
_TOWNS_TEXT = """
NORTHBY EASTHAM WESTLEY SOUTHWICK MIDFORD UPTON LOWCOTT THORNBY ASHWELL BECKTON COLDHAM DUNSTEAD
"""
_TOWNS = tuple(_TOWNS_TEXT.split())
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Written:
    """One record as a system holds it, every field as text, blank for none. `person`: who it really is."""

    record_id: str
    person: int
    nhs_number: str
    other_id: str
    forename: str
    surname: str
    date_of_birth: str
    sex: str
    postcode: str
    address: str
    town: str
    email: str


def _surnames() -> tuple[str, ...]:
    rare = [start + middle + end for start in _STARTS for middle in _MIDDLES for end in _ENDS]
    return (*_COMMON_SURNAMES, *rare)


def _weights(count: int, head: int) -> np.ndarray:
    """Shares that fall with the rank, as those of names do."""
    raw = 1.0 / (np.arange(count) + head)
    return np.asarray(raw / raw.sum())


def draw_people(count: int, seed: int) -> list[Written]:
    """So many persons, one right and full record each; the same for the same seed."""
    random = np.random.default_rng(seed)
    surnames = _surnames()
    sexes = random.integers(2, size=count)
    first = {
        0: random.choice(len(GIRLS), count, p=_weights(len(GIRLS), 12)),
        1: random.choice(len(BOYS), count, p=_weights(len(BOYS), 12)),
    }
    last = random.choice(len(surnames), count, p=_weights(len(surnames), 15))
    ages = random.integers(0, 95 * 365, size=count)
    numbers = nhs_numbers(random, count)
    ids = random.permutation(9_000_000)[:count] + 1_000_000
    found = []
    for place in range(count):
        forename = (GIRLS if sexes[place] == 0 else BOYS)[int(first[int(sexes[place])][place])]
        surname = surnames[int(last[place])]
        address, postcode, town = draw_home(random)
        born = date(2025, 6, 30) - timedelta(days=int(ages[place]))
        email = f"{forename}.{surname}{int(random.integers(1, 100))}@example.org".lower()
        found.append(
            Written(f"p{place:06d}", place, str(numbers[place]), str(ids[place]), forename, surname, born.isoformat(),
                    "FM"[int(sexes[place])], postcode, address, town, email)
        )  # fmt: skip
    return found


def draw_home(random: np.random.Generator) -> tuple[str, str, str]:
    """Address, postcode and town of a household: a postcode has a street, and a town many postcodes."""
    unit = int(random.integers(8_000))
    street = f"{_STREETS[unit % len(_STREETS)]} {_KINDS[unit // 7 % len(_KINDS)]}"
    postcode = f"QV{unit // 400 + 1} {unit % 10}{_LETTERS[unit // 10 % 20]}{_LETTERS[unit // 20 % 20]}"
    return f"{int(random.integers(1, 120))} {street}", postcode, _TOWNS[unit // 400 % len(_TOWNS)]


def mistyped(text: str, random: np.random.Generator) -> str:
    """The text with one letter or digit exchanged, left out, doubled, or swapped with its neighbour."""
    if len(text) < 2:
        return text
    place, kind = int(random.integers(len(text) - 1)), int(random.integers(4))
    digits = text[place].isdigit()
    other = str(random.integers(10)) if digits else _LETTERS[int(random.integers(26))]
    if kind == 0 or digits:
        return text[:place] + other + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    if kind == 2:
        return text[: place + 1] + text[place:]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def miswrite(
    person: Written, record_id: str, random: np.random.Generator, short_forms: Sequence[tuple[str, str]] = ()
) -> Written:
    """Another record of a person, with what goes wrong when one is typed in another office."""

    def happens(share: float) -> bool:
        return bool(random.random() < share)

    made = replace(person, record_id=record_id)
    forename, surname, born = made.forename, made.surname, made.date_of_birth
    short = [name for name, full in short_forms if full == forename]
    if short and happens(0.08):
        forename = short[int(random.integers(len(short)))]
    forename = mistyped(forename, random) if happens(0.07) else forename
    # what belongs to somebody else: a line too high, a name one is known by, a guess
    if happens(0.02):
        forename = (GIRLS + BOYS)[int(random.integers(len(GIRLS + BOYS)))]
    surname = mistyped(surname, random) if happens(0.07) else surname
    if happens(0.03):
        surname = _surnames()[int(random.integers(500))]
    if happens(0.005):
        forename, surname = surname, forename
    if happens(0.01) and int(born[8:]) <= 12:
        born = f"{born[:4]}-{born[8:]}-{born[5:7]}"
    if happens(0.04):
        place = (2, 3, 6, 9)[int(random.integers(4))]
        born = born[:place] + str(random.integers(10)) + born[place + 1 :]
    if happens(0.01):
        born = f"{int(born[:4]) + int(random.integers(-3, 4))}{born[4:]}"
    if happens(0.015):
        born = (date(1930, 1, 1) + timedelta(days=int(random.integers(33_000)))).isoformat()
    if happens(0.12):
        address, postcode, town = draw_home(random)
        made = replace(made, address=address, postcode=postcode, town=town)
    made = replace(
        made,
        forename=forename if not happens(0.03) else "",
        surname=surname if not happens(0.02) else "",
        date_of_birth=born if not happens(0.03) else "",
        sex=_of(random, made.sex, "MF"[made.sex == "M"], 0.01, 0.05),
        address=_of(random, made.address, mistyped(made.address, random), 0.12, 0.08),
        postcode=_of(random, made.postcode, mistyped(made.postcode, random), 0.04, 0.06),
        town=_of(random, made.town, mistyped(made.town, random), 0.04, 0.06),
        email=_of(random, made.email, mistyped(made.email, random).lower(), 0.05, 0.25),
        other_id=_of(random, made.other_id, mistyped(made.other_id, random), 0.03, 0.25),
        nhs_number=_of(random, made.nhs_number, mistyped(made.nhs_number, random), 0.01, 0.25),
    )
    if made.email and happens(0.1):
        made = replace(made, email=f"user{int(random.integers(10**6))}@example.org")
    if made.other_id and happens(0.02):
        made = replace(made, other_id=str(1_000_000 + int(random.integers(9_000_000))))
    return made


def _of(random: np.random.Generator, right: str, wrong: str, share_wrong: float, share_blank: float) -> str:
    drawn = random.random()
    return "" if drawn < share_blank else wrong if drawn < share_blank + share_wrong else right


def draw_records(people: Sequence[Written], seed: int, short_forms: Sequence[tuple[str, str]] = ()) -> list[Written]:
    """Each person's record and a second one of each, miswritten."""
    random = np.random.default_rng(seed)
    return [*people, *(miswrite(one, f"{one.record_id}-b", random, short_forms) for one in people)]


def draw_twins(count: int, seed: int) -> list[Written]:
    """So many pairs of twins: surname, birthday, address, telephone book and all alike but forename and numbers.

    Of every four pairs, one has a child recorded before it was named, and one shares its mother's e-mail address.
    """
    random = np.random.default_rng(seed)
    firsts = draw_people(count, seed)
    numbers = nhs_numbers(random, 2 * count)[count:]
    found = []
    for place, first in enumerate(firsts):
        names = GIRLS if random.random() < 0.5 else BOYS
        others = [name for name in names if name != first.forename]
        second = replace(
            first,
            record_id=f"{first.record_id}-t",
            person=count + place,
            forename=others[int(random.integers(len(others)))],
            sex="F" if names is GIRLS else "M",
            nhs_number=str(numbers[place]),
            other_id=str(10_000_000 + place),
            email=first.email if place % 4 == 1 else "",
        )
        if place % 4 == 0:
            second = replace(second, forename=("BABY", "TWIN 2", "Baby Girl", "UNKNOWN", "")[place // 4 % 5])
        found += [first, second]
    return found


def draw_families(count: int, seed: int) -> list[Written]:
    """So many families of three at one address: a parent and a child of the same forename, and a sibling."""
    random = np.random.default_rng(seed)
    parents = draw_people(count, seed)
    found = []
    for place, parent in enumerate(parents):
        years = 18 + int(random.integers(20))
        child_born = date.fromisoformat(parent.date_of_birth[:8] + "15") + timedelta(days=years * 365 + place % 40)
        child = replace(
            parent, record_id=f"{parent.record_id}-c", person=count + place, nhs_number="", other_id="",
            date_of_birth=child_born.isoformat(),
        )  # fmt: skip
        names = [name for name in GIRLS + BOYS if name != parent.forename]
        sibling = replace(
            child, record_id=f"{parent.record_id}-s", person=2 * count + place,
            forename=names[int(random.integers(len(names)))],
            date_of_birth=(child_born + timedelta(days=400)).isoformat(),
        )  # fmt: skip
        found += [replace(parent, nhs_number="" if place % 2 else parent.nhs_number), child, sibling]
    return found
