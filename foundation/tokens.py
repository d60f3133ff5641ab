"""Keyed tokens: what stands for a person once identifiers have stayed behind.

Belongs here: deriving a key for one purpose and place, the keyed hash, and the one written form of what is hashed.
Not here: who holds a key, what a file looks like, which tokens are one person (`ingest.identity`).

A token is `<key id>:<64 hexadecimal digits>`: HMAC-SHA256 (RFC 2104) under HKDF-SHA256 (RFC 5869) of a master key.
Unkeyed hashes of NHS numbers can be reversed in hours, so there is none here.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from foundation.errors import WrongUsage

# Purposes a key is derived for; tokens of different purposes never meet.
SOURCE, ANALYST, TOMBSTONE = "source", "analyst", "tombstone"
TOKEN = re.compile(r"[a-z0-9]{1,12}:[0-9a-f]{64}")
_KEY_ID = re.compile(r"[a-z0-9]{1,12}")
_LEAST_KEY_BYTES = 32


@dataclass(frozen=True)
class TokenKey:
    """A key for one purpose and place. Never printed: its repr shows the id alone."""

    key_id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"TokenKey({self.key_id!r})"

    def token(self, text: str) -> str:
        """Token of one text."""
        return f"{self.key_id}:{hmac.digest(self.secret, text.encode(), 'sha256').hex()}"

    def tokens(self, texts: Iterable[str | None]) -> list[str | None]:
        """Tokens of many texts, None for None; about a second for 400,000."""
        secret, start, digest = self.secret, f"{self.key_id}:", hmac.digest
        return [None if text is None else start + digest(secret, text.encode(), "sha256").hex() for text in texts]


def derive_key(key_id: str, master: bytes, purpose: str, place: str) -> TokenKey:
    """The key of a purpose and place. WrongUsage when the master key is too short or the id is no id."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    if not _KEY_ID.fullmatch(key_id):
        raise WrongUsage("the key id is not one to twelve lower-case letters or digits.", "name the key k1, k2, ….")
    if len(master) < _LEAST_KEY_BYTES:
        raise WrongUsage("the master key is shorter than 32 bytes.", "make one with `openssl rand -hex 32`.")
    info = f"{purpose}\x1f{place}".encode()
    return TokenKey(key_id, HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master))


def demo_master_key(place: str) -> bytes:
    """The fixed key of a demo home; it protects nothing and is refused anywhere else."""
    return sha256(f"outturn demo key of {place}; protects nothing".encode()).digest()


def match_text(forename: str, surname: str, birth_date: str) -> str | None:
    """What a person's match token is made of: names in capitals without accents and signs, and the ISO date of birth.

    None where any part is missing: half a match is no match.
    """
    parts = [_letters(forename), _letters(surname), birth_date.strip()]
    return "match\x1f" + "\x1f".join(parts) if all(parts) else None


def local_text(organisation: str, local_id: str) -> str:
    """What an organisation's own reference of a person becomes: it means something only inside that organisation."""
    return f"local\x1f{organisation}\x1f{local_id}"


def number_text(nhs_number: str) -> str:
    """A checked ten-digit NHS number as it is hashed: the digits alone."""
    return nhs_number


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).upper()
    return "".join(sign for sign in plain if "A" <= sign <= "Z")
