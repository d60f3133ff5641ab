"""One byte form for a value, and the hash of it. What is signed, locked or compared is hashed here.

A float has no single written form that survives a change of tool, so it is refused: figures are
Decimal (written as plain digits) or int.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any


def plain_decimal(value: Decimal) -> str:
    """Digits of a Decimal without exponent; keeps its scale (`453.1`, `0.00`)."""
    if not value.is_finite():
        raise ValueError("a figure must be a finite number")
    return format(value, "f")


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        raise TypeError("a float has no canonical form: use Decimal or int")
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("canonical JSON needs text keys")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    raise TypeError(f"no canonical form for {type(value).__name__}")


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces, Decimals as text, one newline at the end."""
    text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def readable_json(value: Any) -> bytes:
    """The same content with indentation, for files a person opens. Equally deterministic."""
    return (json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def content_id(value: Any) -> str:
    """Hex SHA-256 of a value's canonical form: the identity of submissions, cuts, terms, releases."""
    return sha256_bytes(canonical_json(value))
