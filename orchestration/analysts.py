"""What analysts of a release get to see of people: tokens of their own, made when the release is made.

Belongs here: the analysts' key and putting its tokens into the events. Not here: the sources' tokens
(`ingest.identity`). Analysts of two agreements cannot join their tables, and no key ever enters the warehouse.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from foundation.durable import write_bytes
from foundation.errors import Refused
from foundation.home import Home
from foundation.tokens import ANALYST, TokenKey, demo_master_key, derive_key
from orchestration.cycle import Cycle

if TYPE_CHECKING:
    import pyarrow as pa

KEY_FILE = "analysts.key"
_KEY_ID = "a1"


def _master(home: Home) -> bytes:
    """The home's own secret for analysts' tokens: made once, kept in the vault; a demo's is fixed."""
    if home.is_demo:
        return demo_master_key(str(home.settings()["place"]))
    path = home.vault / "identity" / KEY_FILE
    if not path.exists():
        write_bytes(path, secrets.token_hex(32).encode(), mode=0o600)
    try:
        return bytes.fromhex(path.read_text())
    except ValueError:
        raise Refused(f"{path} is no key.", "restore it from backup; with another, analysts' tokens change.") from None


def analysts_key(cycle: Cycle) -> TokenKey:
    """The key of the analysts of exactly these agreements."""
    whose = "+".join(sorted({item.terms.id for item in cycle.agreements}))
    return derive_key(_KEY_ID, _master(cycle.home), ANALYST, whose)


def for_analysts(cycle: Cycle, events: pa.Table) -> Any:
    """The events with a token of this release's analysts in place of each person's key."""
    import pyarrow as pa

    encoded = events.column("person_key").combine_chunks().dictionary_encode()
    people = encoded.dictionary.to_pylist()
    names = analysts_key(cycle).tokens(map(str, people)) if people else []
    tokens = pa.DictionaryArray.from_arrays(encoded.indices, pa.array(names, pa.string())).cast(pa.string())
    return events.set_column(events.column_names.index("person_key"), "person_token", tokens)
