"""Who the invented residents say they are: names, NHS numbers, postcodes, and the tokens senders make of them.

Belongs here: drawing identifiers and hashing them as a sender's tool would. Not here: where a person lives or what
happens to them.

Names are built from syllables and belong to nobody; numbers are of the range kept for tests (they begin with 9);
postcodes begin with ZZ, an area that does not exist.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.dates import Days, Positions

# Syllables of forenames and surnames: beginnings, then endings.
_STARTS = "Al Be Ca Da El Fa Ga Ha Il Jo Ka La Ma Ne Or Pa Qui Ra Sa Ta Ul Va Wi Xa Ya Ze"
_FORENAME_ENDS = "dric lan nor vek thos mir bert quin ris dovan lia nessa wyn mira thea lotte vanne sel rosa ïs"
_SURNAME_STARTS = (
    "Ash Bram Cor Dun Eld Fen Grim Hal Ingle Jar Kel Lorn Mar Nether Oak Pend Quar Rook Stan Thorn Under Vel Wex Yar"
)
_SURNAME_ENDS = (
    "acre beck combe dale erton field garth hurst ing keld ley more ness over pool quist ridge shaw thorpe underby "
    "vane wick yate"
)


def _joined(starts: str, ends: str) -> list[str]:
    return [start + end for start in starts.split() for end in ends.split()]


FORENAMES: tuple[str, ...] = tuple(_joined(_STARTS, _FORENAME_ENDS))
# A few are written with an apostrophe, as real surnames are: a token must not depend on it.
SURNAMES: tuple[str, ...] = tuple(
    ("O'" if place % 97 == 0 else "") + name for place, name in enumerate(_joined(_SURNAME_STARTS, _SURNAME_ENDS))
)

_NUMBERS = 100_000_000
# Odd and no multiple of five: stepping by it visits each of the hundred million once.
_STEP = 61_803_399
_POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


def nhs_numbers(random: np.random.Generator, count: int) -> Positions:
    """So many different NHS numbers from 9000000000 up, each with the right check digit."""
    wanted = count + count // 5 + 100
    start = int(random.integers(_NUMBERS))
    serial = (start + np.arange(wanted, dtype=np.int64) * _STEP) % _NUMBERS
    nine = 900_000_000 + serial
    check = check_digits(nine)
    numbers = nine * 10 + check
    # ten equal digits pass the check and mean something else
    chosen: Positions = numbers[(check < 10) & (serial != 99_999_999)][:count]
    return chosen


def check_digits(nine: Positions) -> Positions:
    """Modulus 11 check digit of nine-digit stems; 10 where the stem can have none."""
    total = np.zeros(len(nine), dtype=np.int64)
    rest = nine.copy()
    for weight in range(2, 11):
        total += (rest % 10) * weight
        rest //= 10
    found = 11 - total % 11
    return np.where(found == 11, 0, found)


def draw_names(random: np.random.Generator, birth_day: Days) -> tuple[Positions, Positions]:
    """Forename and surname of each person, such that no two share both and the date of birth."""
    count = len(birth_day)
    forename = random.integers(len(FORENAMES), size=count)
    surname = random.integers(len(SURNAMES), size=count)
    born = birth_day.astype(np.int64)
    while True:
        whole = (born * len(FORENAMES) + forename) * len(SURNAMES) + surname
        order = np.argsort(whole, kind="stable")
        again = order[1:][whole[order][1:] == whole[order][:-1]]
        if not len(again):
            return forename, surname
        surname[again] = random.integers(len(SURNAMES), size=len(again))


def draw_postcodes(random: np.random.Generator, lsoa: NDArray[Any]) -> NDArray[np.object_]:
    """A postcode of each person, out of some forty that an area has."""
    letters = np.array(list(_POSTCODE_LETTERS))
    unit = random.integers(40, size=len(lsoa))
    area = lsoa.astype(np.int64)
    outward = np.array([f"ZZ{number} " for number in range(10, 100)], dtype=object)[area % 90]
    sector = np.array([str(number) for number in range(10)], dtype=object)[area // 90 % 10]
    inward = np.array([first + second for first in letters for second in letters], dtype=object)[unit * 9 % 400]
    found: NDArray[np.object_] = outward + sector + inward
    return found
