"""Plain CSV by parts: the table of a large file, some rows at a time, with no more of it in memory (docs/adr/0020).

Belongs here: cutting a file at its lines, proving that a part is plain, and what can only be said of all parts
together. Not here: what a row or a header must be (`ingest.read`), and files that are not plain: `NotPlainError` says
that this one is for the reader of whole files.

Plain is a UTF-8 file whose lines end with a line feed, with or without a carriage return before it, without a quotation
mark, a NUL or a blank line. In such a file a line is a record, wherever it is cut.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ingest.container import is_csv, refuse_no_text
from ingest.contract import Contract
from ingest.read import (
    FileRejectedError,
    RawTable,
    Shape,
    csv_source,
    judge_extra,
    plain_rows,
    refuse_footer,
    seen_in_extra,
    shape_of,
)
from ingest.receive import ChangedError, Held
from ingest.rules import Finding, finding

# bytes read as one part
PART_BYTES = 1 << 24
# bytes of a line for which another part is waited for
_LONGEST_LINE = 1 << 24
# where a blank line would show: at the beginning of a part, which is that of a line, or after the end of another
_LINE_ENDS = (b"\n", b"\r\n")


class NotPlainError(Exception):
    """The file cannot be read by parts; whether anything is wrong with it, the reader of whole files says."""


def cut(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in parts of whole lines, each of about so many bytes. NotPlainError for a line that is longer."""
    waiting: list[bytes] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block)
        while count >= size:
            data = b"".join(waiting)
            end = data.rfind(b"\n", 0, size) + 1 or data.find(b"\n", size) + 1
            waiting, count = [data[end:]], len(data) - end
            if end:
                yield data[:end]
            elif count > _LONGEST_LINE:
                raise NotPlainError
            else:
                break
    if count:
        yield b"".join(waiting)


class PlainReader:
    """The parts of a file, and, once they are all read, what is to be said of it."""

    def __init__(self, held: Held, name: str, contract: Contract, layout_name: str | None) -> None:
        self._held, self._name, self._contract, self._wanted = held, name, contract, layout_name
        self.findings: list[Finding] = []

    def parts(self) -> Iterator[RawTable]:
        """Rows of the file, part after part, as `ingest.container.read_table` has them all at once.
        FileRejectedError, NotPlainError: nothing of any part may be used."""
        contract = self._contract
        if not is_csv(self._name, contract):
            raise NotPlainError
        count = 0
        try:
            pieces = cut(self._held.blocks(), PART_BYTES)
            first = next(pieces, b"")
            header, shape = self._begin(first)
            end = first.find(b"\n") + 1
            if not end:
                raise NotPlainError
            extra = dict.fromkeys(shape.extra, (0, 0))
            last: list[list[str]] = []
            for number, piece in enumerate(itertools.chain([first], pieces)):
                _require_plain(piece)
                data = piece[end:] if number == 0 else piece
                if not data:
                    continue
                body = plain_rows(data, contract, header, 0)
                if body is None:
                    raise NotPlainError
                for position in shape.extra:
                    seen = seen_in_extra(body.cells[position])
                    extra[position] = (extra[position][0] + seen[0], extra[position][1] + seen[1])
                last = [*last, *body.last][-3:]
                cells = tuple(body.cells[position] for position in shape.positions)
                yield RawTable(shape.layout_name, shape.layout, shape.columns, cells, body.count, [])
                count += body.count
        except ChangedError:
            raise FileRejectedError(
                finding("delivery.changed_while_read", "The file changed while it was read.")
            ) from None
        if not count:
            raise NotPlainError
        for position, (filled, suspicious) in extra.items():
            self.findings.append(judge_extra(position, header[position], filled, suspicious))
        refuse_footer(last, count, contract, shape)

    def _begin(self, first: bytes) -> tuple[list[str], Shape]:
        """The header, by the rules for any other; of the rest of the first part nothing is said here."""
        line = first[: first.find(b"\n") + 1]
        _require_plain(line)
        refuse_no_text(first, self._name, self._contract)
        source = csv_source(line, self._contract)
        shape = shape_of(source, self._contract, self._wanted)
        self.findings += shape.findings
        return source.header, shape


def _require_plain(piece: bytes) -> None:
    blank = piece.startswith(_LINE_ENDS) or any(b"\n" + end in piece for end in _LINE_ENDS)
    if blank or b'"' in piece or b"\x00" in piece:
        raise NotPlainError
    if piece.count(b"\r") != piece.count(b"\r\n"):
        raise NotPlainError
    if not piece.isascii():
        try:
            piece.decode("utf-8")
        except UnicodeDecodeError:
            raise NotPlainError from None
