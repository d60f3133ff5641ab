"""Files of terms spoilt at random: an error that names the line and the mend, or valid terms; never a traceback."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from settlement_world import ROOT

from settlement.terms import Terms, load_terms
from settlement.yaml_lines import TermsError

# `make soak` asks for 1,000 through this name; every case that counts is a file that is not valid.
WANTED = int(os.environ.get("OUTTURN_INVALID_TERMS", "60"))
HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
PHASES = tuple(phase for phase in Phase if phase is not Phase.shrink)
FILES = sorted((ROOT / "agreements").glob("*/*.yaml"))
VALID = [path.read_text(encoding="utf-8") for path in FILES]
LINE = re.compile(r"line (\d+): ")
ODD = (
    "", "null", "~", "yes", "true", "-1", "0", "1e9", "0.1e-5", ".5", "1_000", "0x1F", "1,000", "nan", ".inf", "9" * 40,
    "0." + "1" * 40, "2024-02-30", "0001-01-01", "9999-12-31", "2024-04-01T00:00:00Z", "[]", "{}", "[[[[", "{a: {b: 1}}",
    "- 1", "!!python/object/apply:os.system [ls]", "!!float 1", "&a 1", "*a", "<<", "'", '"', "|", ">", "%", "@x", "`x`",
    "# nothing", "a: b", "\u00e9\u0301", "\u202e", "\x00", "\x07", "\u2028", "\ud7ff", "x" * 3000, "minimum", "2024-25",
    "0000-01", "9999-00", "commissioner-residue", "settlement", "__class__", "../../etc/passwd",
)  # fmt: skip


def _word(draw: st.DrawFn, lines: list[str]) -> list[str]:
    """A line's value becomes something else."""
    place = draw(st.sampled_from([number for number, line in enumerate(lines) if ":" in line]))
    name, _, _ = lines[place].partition(":")
    return [*lines[:place], f"{name}: {draw(st.sampled_from(ODD))}", *lines[place + 1 :]]


def _name(draw: st.DrawFn, lines: list[str]) -> list[str]:
    """An entry gets another name."""
    place = draw(st.sampled_from([number for number, line in enumerate(lines) if ":" in line]))
    name, colon, rest = lines[place].partition(":")
    other = draw(st.sampled_from(["id", "weight", "levels", "loss", "score", "top_up", "period", "x", "", "1", "'q'"]))
    indent = name[: len(name) - len(name.lstrip(" -"))]
    return [*lines[:place], f"{indent}{other}{colon}{rest}", *lines[place + 1 :]]


def _gone(draw: st.DrawFn, lines: list[str]) -> list[str]:
    place, count = draw(st.integers(0, len(lines) - 1)), draw(st.integers(1, 12))
    return [*lines[:place], *lines[place + count :]]


def _twice(draw: st.DrawFn, lines: list[str]) -> list[str]:
    place, count = draw(st.integers(0, len(lines) - 1)), draw(st.integers(1, 12))
    return [*lines[: place + count], *lines[place : place + count], *lines[place + count :]]


def _swapped(draw: st.DrawFn, lines: list[str]) -> list[str]:
    one, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
    lines = list(lines)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def _indented(draw: st.DrawFn, lines: list[str]) -> list[str]:
    place, by = draw(st.integers(0, len(lines) - 1)), draw(st.sampled_from([" ", "  ", "\t", "      ", "- "]))
    line = lines[place]
    return [*lines[:place], by + line if draw(st.booleans()) else line.lstrip(), *lines[place + 1 :]]


def _cut(draw: st.DrawFn, lines: list[str]) -> list[str]:
    text = "\n".join(lines)
    return text[: draw(st.integers(0, len(text)))].split("\n")


def _put_in(draw: st.DrawFn, lines: list[str]) -> list[str]:
    """A character or a word somewhere."""
    text = "\n".join(lines)
    place = draw(st.integers(0, len(text)))
    return (text[:place] + draw(st.sampled_from(ODD) | st.text(min_size=1, max_size=3)) + text[place:]).split("\n")


def _other_digits(draw: st.DrawFn, lines: list[str]) -> list[str]:
    place = draw(st.sampled_from([number for number, line in enumerate(lines) if re.search(r"\d", line)]))
    spoilt = re.sub(r"\d+", str(draw(st.integers(-9, 10**9))), lines[place])
    return [*lines[:place], spoilt, *lines[place + 1 :]]


MENDLESS: tuple[Callable[[st.DrawFn, list[str]], list[str]], ...] = (
    _word,
    _name,
    _gone,
    _twice,
    _swapped,
    _indented,
    _cut,
    _put_in,
    _other_digits,
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A valid agreement with one to three things wrong, and now and then a byte that is no text."""
    lines = draw(st.sampled_from(VALID)).split("\n")
    for _ in range(draw(st.integers(1, 3))):
        lines = draw(st.sampled_from(MENDLESS))(draw, lines) or [""]
        if not any(":" in line and re.search(r"\d", line) for line in lines):
            break
    raw = "\n".join(lines).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 19)) == 0:
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + draw(st.binary(min_size=1, max_size=2)) + raw[place:]
    return raw


def _refused(raw: bytes) -> TermsError | None:
    try:
        assert isinstance(load_terms(raw), Terms)
    except TermsError as refused:
        return refused
    return None


@settings(max_examples=WANTED, deadline=None, phases=PHASES, suppress_health_check=HEALTH)
@given(spoilt())
def test_a_spoilt_file_is_refused_by_line(raw: bytes) -> None:
    """Whatever is wrong: the line, what is wrong there and the mend; anything but a TermsError fails here."""
    refused = _refused(raw)
    assume(refused is not None)
    assert refused is not None
    numbers = [int(number) for number in LINE.findall(str(refused))]
    assert numbers, str(refused)
    last = raw.count(b"\n") + 2 + raw.count("\u2028".encode())
    assert all(1 <= number <= last for number in numbers), str(refused)
    assert refused.mend
    assert "Traceback" not in str(refused)


def test_the_files_that_are_spoilt_are_valid() -> None:
    assert len(VALID) >= 2
    assert all(_refused(text.encode()) is None for text in VALID)
