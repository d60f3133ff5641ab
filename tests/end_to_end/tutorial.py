"""What the tutorials share: their parts in order, and looking for what they quote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from foundation.version import PRODUCT

TUTORIALS = PRODUCT / "docs" / "tutorial"
_FENCED = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```\n", re.S | re.M)

# a figure as a reader sees it, not a part of a name
_NUMBER = re.compile(r"(?<![\w./-])£?\d[\d,]*(?:\.\d+)?(?![\w/])")


@dataclass(frozen=True)
class Part:
    """A block of a tutorial, in the order of the page.

    kind: `prose`, `quote`, or the language of a fenced block; name: the file its fence names; section: the last heading.
    """

    kind: str
    text: str
    name: str = ""
    section: str = ""


def parts_of(page: Path) -> Iterator[Part]:
    """The parts of a page: fenced blocks, quotes, and paragraphs of prose with headings among them."""
    text, at, section = page.read_text(encoding="utf-8"), 0, ""
    for fence in [*_FENCED.finditer(text), None]:
        for paragraph in re.split(r"\n{2,}", text[at : fence.start() if fence else len(text)]):
            lines = paragraph.strip("\n").splitlines()
            if not lines:
                continue
            if lines[0].startswith("#"):
                section = lines[0].lstrip("# ")
            if lines[0].startswith(">"):
                yield Part("quote", " ".join(line.lstrip("> ") for line in lines), section=section)
            else:
                yield Part("prose", "\n".join(lines), section=section)
        if fence:
            yield Part(fence[1], fence[3], fence[2] or "", section)
            at = fence.end()


def plain(text: str) -> str:
    """Text with every run of white space as one blank, so that it does not matter where lines break."""
    return " ".join(text.split())


def not_said(lines: str, said: str) -> list[str]:
    """The lines that do not stand in what was said, in their order; `…` stands for anything within a line."""
    missing, rest = [], said.splitlines()
    for line in lines.splitlines():
        wanted = re.compile(".*".join(re.escape(piece) for piece in line.rstrip().split("…")))
        found = next((number for number, there in enumerate(rest) if wanted.fullmatch(there.rstrip())), None)
        if found is None:
            missing.append(line)
        else:
            rest = rest[found + 1 :]
    return missing


def unfounded(prose: str, seen: str) -> list[str]:
    """Numbers of a paragraph that stand nowhere in what was seen; links, code and the number of a heading apart."""
    words = re.sub(r"\]\([^)]*\)|`[^`]*`|^#+ \d+\.", "", prose, flags=re.M)
    standing = set(_NUMBER.findall(seen))
    return [number for number in _NUMBER.findall(words) if number not in standing]
