"""Read a YAML file of terms into plain values that remember their lines.

Belongs here: a narrow YAML (one document, no tags, no aliases, no key twice, decimals as written) and the line
of every entry. Not here: what terms must hold.

A number keeps its digits as Decimal: a YAML float would lose them before anyone could check them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from foundation.errors import Refused

Path = tuple[str | int, ...]
LARGEST_BYTES = 1_000_000
DEEPEST = 30
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})\.[0-9]{1,30}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: dict[str, Any] = {"": None, "null": None, "~": None, "true": True, "false": False}


class TermsError(Refused):
    """Terms that cannot be used; the message names each line and its mend."""


@dataclass(frozen=True)
class LinedData:
    """Plain data with the line (from 1) of every entry, by its path."""

    data: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of the entry at `path`, or of the nearest entry around it."""
        # the whole file has a line, at the empty path
        return next(self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines)


def _fail(line: int, what: str, mend: str) -> TermsError:
    return TermsError(f"line {line}: {what}", mend)


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style is not None:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise _fail(node.start_mark.line + 1, f"{text} is no date.", "write a date as 2024-04-01.") from None
    return text


def _check_events(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _fail(line, "terms do not use anchors or aliases.", "write the entry out in full.")
        if getattr(event, "tag", None):
            raise _fail(line, "terms do not use tags.", "remove the word that begins with `!`.")
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        if depth > DEEPEST:
            raise _fail(line, f"entries are nested more than {DEEPEST} deep.", "close the brackets that are open.")


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), lines) for index, item in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, item in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise _fail(line, "an entry's name must be a plain word.", "write `name: value`.")
        if key.value in found:
            raise _fail(line, f"`{key.value}` is written twice.", "keep one of the two.")
        lines[(*path, key.value)] = line
        found[key.value] = _plain(item, (*path, key.value), lines)
    return found


def read_lined_yaml(raw: bytes) -> LinedData:
    """Plain values and their lines. TermsError, naming the line, for anything outside the narrow YAML above."""
    if len(raw) > LARGEST_BYTES:
        raise _fail(1, f"the file is larger than {LARGEST_BYTES} bytes.", "check that this is a file of terms.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise _fail(line, "the text is not UTF-8.", "save the file as UTF-8.") from None
    lines: dict[Path, int] = {}
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        data = None if node is None else _plain(node, (), lines)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = 1 if mark is None else mark.line + 1
        raise _fail(
            line,
            f"the YAML cannot be read ({fault.problem or fault.context}).",
            "check indentation, colons and quotes there.",
        ) from None
    except yaml.reader.ReaderError as fault:
        line = text[: fault.position].count("\n") + 1
        raise _fail(line, "there is a character that YAML does not allow.", "remove it.") from None
    except (yaml.YAMLError, ValueError, OverflowError) as fault:
        # a version or an escaped character that is no number PyYAML can use; it does not say where
        mend = "check the file's first lines, and every `\\` within double quotes."
        raise _fail(1, f"the YAML cannot be read ({type(fault).__name__}).", mend) from None
    if not isinstance(data, dict):
        raise _fail(1, "terms are a list of named entries.", "begin with `terms_format: 1`.")
    return LinedData(data, lines)
