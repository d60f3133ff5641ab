"""Keys: the one a home makes tokens with, and the file a sender is handed.

Belongs here: where a key comes from and when it is refused. Not here: making tokens. A key stands in no message,
log or repr; errors name the file.

A key file is one line, readable by its owner alone: `[master|source] [key id] hex`. A bare line of hex is the master
key k1. A master key makes the keys of every place and purpose and stays with its keeper; a sender is handed the source
key of one place (`write_source_key`), from which no other key can be made.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from foundation.tokens import SOURCE, TokenKey, demo_master_key, derive_key

VARIABLE = "OUTTURN_TOKEN_KEY"
DEMO_KEY_ID = "k1"
_LINE = re.compile(r"(?:(master|source) )?(?:([a-z0-9]{1,12}) )?([0-9a-fA-F]{64,1024})\s*", re.ASCII)
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Keyring:
    """What a step that meets identifiers works with: where the key is, asked for only when one is needed.

    test_numbers: whether NHS numbers of the test range are numbers (in a demo) or invalid (anywhere else).
    """

    key: Callable[[], TokenKey]
    test_numbers: bool = False


def keyring_of(home: Home) -> Keyring:
    """The keyring of a home; a home that meets tokens only needs no key."""
    return Keyring(lambda: key_of(home), home.is_demo)


def passing_keyring() -> Keyring:
    """Keys nobody keeps, for a sender's own check: the rules need tokens, and their values tell nobody anything."""
    key = TokenKey("check", secrets.token_bytes(32))
    return Keyring(lambda: key)


def demo_key(place: str) -> TokenKey:
    """The source key of a demonstration; it protects nothing."""
    return derive_key(DEMO_KEY_ID, demo_master_key(place), SOURCE, place)


def read_key(path: Path, place: str) -> TokenKey:
    """The source key of a place from a key file. Refused when others can read it, when it is no key, or the demo's."""
    mend = "put the key into a file of its own as one line of hex and run `chmod 600` on it."
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        raise WrongUsage(f"the key file {path} cannot be opened.", f"{mend} Links are not followed.") from None
    try:
        mode = os.fstat(descriptor).st_mode
        data = os.read(descriptor, _MOST_BYTES) if stat.S_ISREG(mode) else b""
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(mode):
        raise WrongUsage(f"the key file {path} is not a regular file.", mend)
    if stat.S_IMODE(mode) & 0o077:
        raise Refused(
            f"the key file {path} can be read by others (mode {stat.S_IMODE(mode):04o}).",
            f"run `chmod 600 {path}` and find out who had access meanwhile.",
        )
    matched = _LINE.fullmatch(data.decode("ascii", errors="replace"))
    if matched is None or len(matched[3]) % 2:
        raise Refused(f"the key file {path} does not hold a key.", mend)
    kind, key_id, secret = matched[1] or "master", matched[2] or DEMO_KEY_ID, bytes.fromhex(matched[3])
    if kind == "source":
        return TokenKey(key_id, secret)
    return derive_key(key_id, secret, SOURCE, place)


def write_source_key(key: TokenKey, path: Path) -> None:
    """The file to hand to a sender of one place; WrongUsage when there is a file of that name already."""
    if path.exists() or path.is_symlink():
        raise WrongUsage(f"{path} is there already.", "name a file that does not exist; keys are never overwritten.")
    write_bytes(path, f"source {key.key_id} {key.secret.hex()}\n".encode(), mode=0o600)


def key_of(home: Home) -> TokenKey:
    """The key a home turns identifiers into tokens with.

    A demo home has the fixed demo key. Any other needs the file that OUTTURN_TOKEN_KEY names; the demo's key in it is
    refused.
    """
    place = str(home.settings()["place"])
    if home.is_demo:
        return demo_key(place)
    named = os.environ.get(VARIABLE)
    if not named:
        raise Refused(
            "this home has no key to turn identifiers into tokens.",
            f"let {VARIABLE} name the key file, or have the sender run `outturn pseudonymise`.",
        )
    key = read_key(Path(named), place)
    if key.secret == demo_key(place).secret:
        raise Refused(
            "the key file holds the demonstration's key, which everybody knows.",
            "make a key with `openssl rand -hex 32`.",
        )
    return key
