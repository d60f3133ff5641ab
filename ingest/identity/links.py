"""Link tables where they are kept, `vault/identity/links/`, and the links undone by hand.

Belongs here: which lake files a cut's table is made of, making it once for the same files, reading it back, the
overrides. Not here: the passes (`ingest.identity.link`).

`<hash>.parquet` is a table; its hash is of its rows, not of Parquet's bytes, so that a newer library names it alike.
`made/<inputs>.json` says which table came of which lake files, under which rules, overrides and groups of tokens
that are alike. `overrides.json` is a
list of `{token, apart_from, reason, by}` or `{token, never_link: true, reason, by}`, appended by `undo_link`.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foundation.canonical import canonical_json, content_id, readable_json
from foundation.durable import write_bytes
from foundation.errors import SystemFault, WrongUsage
from foundation.home import Home
from foundation.tables import text_bytes
from foundation.tokens import TOKEN
from ingest.contract import Contract
from ingest.identity.likely import LikelyLinks, likely_links, sends_clear
from ingest.identity.link import METHOD, SCHEMA, FeedRows, Override, build_links, same_evidence
from ingest.register import Receipt

# [feed, path in the lake, hash] of every file a table is made of
_Files = Sequence[Sequence[str]]
_RESTORE = "restore vault/identity from backup, or remove the file and run again: it is then made anew."


def _folder(home: Home) -> Path:
    return home.vault / "identity" / "links"


def links_path(home: Home, link_table: str) -> Path:
    """Where a link table lies; only readable by the owner of the home."""
    return _folder(home) / f"{link_table}.parquet"


def is_linkable(contract: Contract | None) -> bool:
    """Whether rows of a feed take part in linking."""
    return contract is not None and contract.identity is not None and contract.identity.linkable


def table_hash(table: Any) -> str:
    """Identity of a link table: a hash over its rows in their order."""
    large = pa.large_string()
    columns = [table.column(name).cast(large) for name in ("token", "token_kind", "person_key")]
    # the line feed comes with the last column, and a tab never stands in one
    basis = pc.binary_join_element_wise(table.column("basis").cast(large), pa.scalar("\n", large), pa.scalar("", large))
    lines = pc.binary_join_element_wise(
        *columns, basis, pa.scalar("\t", large), null_handling="replace", null_replacement=""
    )
    digest = sha256(b"token\ttoken_kind\tperson_key\tbasis\n")
    for piece in text_bytes(lines):
        digest.update(piece)
    return digest.hexdigest()


def _rules(
    receipts: Sequence[Receipt],
    contracts: Mapping[str, Contract],
    overrides: Sequence[Override],
    alike: Sequence[Sequence[str]],
) -> str:
    """Identity of everything a table depends on beside its files."""
    rules = {}
    for feed in sorted({item.feed for item in receipts}):
        identity = contracts[feed].identity
        if identity is not None:
            rules[feed] = {
                "tokens": sorted(identity.tokens),
                "local_id_rule": identity.local_id_rule,
                "link_when": identity.link_when,
            }
    return content_id(
        {
            "method": METHOD,
            "rules": rules,
            "overrides": [[item.token, item.apart_from] for item in overrides],
            "alike": [list(group) for group in alike],
        }
    )


def link_table_of(home: Home, receipts: Iterable[Receipt], contracts: Mapping[str, Contract]) -> str | None:
    """Hash of the link table of a set of submissions, made and stored when it is new; None without a linkable one."""
    linkable = [item for item in receipts if is_linkable(contracts.get(item.feed))]
    if not linkable:
        return None
    overrides = read_overrides(home)
    alike = _alike(home, linkable, contracts).groups
    rules = _rules(linkable, contracts, overrides, alike)
    files = sorted([item.feed, path, value] for item in linkable for path, value in item.lake_files)
    note = _folder(home) / "made" / f"{content_id({'rules': rules, 'files': files})}.json"
    if note.exists():
        known = str(_noted(note)["link_table"])
        if links_path(home, known).exists():
            return known
    _private_folders(home)
    scratch = _folder(home) / "scratch"
    # a process killed while it linked leaves tokens there
    shutil.rmtree(scratch, ignore_errors=True)
    name = _the_same(home, rules, files, contracts, scratch) or _made(home, files, contracts, overrides, scratch, alike)
    write_bytes(note, canonical_json({"link_table": name, "rules": rules, "files": files}), mode=0o600)
    return name


def _alike(home: Home, linkable: Sequence[Receipt], contracts: Mapping[str, Contract]) -> LikelyLinks:
    """What likeness says, where a sender of these submissions sends identifiers."""
    clear = [item for item in linkable if sends_clear(item, contracts.get(item.feed))]
    return likely_links(home, clear, contracts) if clear else LikelyLinks()


def _made(
    home: Home,
    files: _Files,
    contracts: Mapping[str, Contract],
    overrides: Sequence[Override],
    scratch: Path,
    alike: Sequence[Sequence[str]],
) -> str:
    """Make the table of these files and store it."""
    table = build_links(_feed_rows(home, files, contracts), overrides, scratch, alike)
    name = table_hash(table)
    path = links_path(home, name)
    if not path.exists():
        write_bytes(path, _parquet(table), mode=0o600)
    return name


def _the_same(home: Home, rules: str, files: _Files, contracts: Mapping[str, Contract], scratch: Path) -> str | None:
    """A table made of other files under the same rules that these would give as well; None where none is found.

    Asked of the one that differs by the fewest files: a correction seldom tells anything new about who is who.
    """
    now, nearest = {tuple(item) for item in files}, None
    for note in sorted((_folder(home) / "made").glob("*.json")):
        noted = _noted(note)
        then = {tuple(item) for item in noted.get("files", ())}
        if noted.get("rules") == rules and links_path(home, str(noted["link_table"])).exists():
            differ = len(now ^ then)
            if nearest is None or differ < nearest[0]:
                nearest = differ, then, str(noted["link_table"])
    if nearest is None:
        return None
    _, then, name = nearest
    kept, gone, come = (_feed_rows(home, list(part), contracts) for part in (now & then, then - now, now - then))
    if not all(path.exists() for rows in (*kept, *gone, *come) for path in rows.files):
        return None
    return name if same_evidence(kept, gone, come, scratch) else None


def _noted(note: Path) -> dict[str, Any]:
    try:
        noted = json.loads(note.read_bytes())
        noted["link_table"]
    except (ValueError, KeyError, TypeError):
        raise SystemFault(f"{note} cannot be read.", _RESTORE) from None
    return dict(noted)


def _feed_rows(home: Home, files: _Files, contracts: Mapping[str, Contract]) -> list[FeedRows]:
    found = []
    for feed in sorted({item[0] for item in files}):
        identity = contracts[feed].identity
        if identity is None:
            continue
        paths = tuple(sorted(home.lake / path for name, path, _ in files if name == feed))
        tied = identity.local_id_rule == "exclude_when_tied"
        found.append(FeedRows(feed, paths, tuple(sorted(identity.tokens)), tied, dict(identity.link_when)))
    return found


def _private_folders(home: Home) -> None:
    for folder in (home.vault / "identity", _folder(home), _folder(home) / "made"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _parquet(table: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(None),
        sink,
        compression="zstd",
        version="2.6",
        store_schema=False,
        use_dictionary=["token_kind", "basis"],
        row_group_size=122_880,
    )
    return sink.getvalue()


def read_links(home: Home, link_table: str) -> Any:
    """A stored link table; SystemFault when it is missing or not what its name says."""
    path = links_path(home, link_table)
    try:
        table = pq.ParquetFile(path).read().cast(SCHEMA)
    except (OSError, pa.ArrowException):
        raise SystemFault(f"the link table {link_table} cannot be read.", _RESTORE) from None
    if table_hash(table) != link_table:
        raise SystemFault(f"the link table {link_table} was changed.", _RESTORE)
    return table


def no_links() -> Any:
    """The link table of a cut about no person: no rows."""
    return SCHEMA.empty_table()


# undone by hand -------------------------------------------------------------------------------------


def _overrides_path(home: Home) -> Path:
    return home.vault / "identity" / "overrides.json"


def _entries(home: Home) -> list[dict[str, Any]]:
    path = _overrides_path(home)
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return []
    except ValueError:
        content = None
    if not isinstance(content, list) or not all(_is_entry(item) for item in content):
        raise SystemFault(f"{path} cannot be read.", "restore it from backup.")
    return content


def _is_entry(item: object) -> bool:
    if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in ("token", "reason", "by")):
        return False
    rest = {name: value for name, value in item.items() if name not in ("token", "reason", "by")}
    tokens = [item["token"], *([rest["apart_from"]] if "apart_from" in rest else [])]
    known = rest == {"never_link": True} or set(rest) == {"apart_from"}
    return known and all(isinstance(token, str) and TOKEN.fullmatch(token) for token in tokens)


def read_overrides(home: Home) -> list[Override]:
    """The links undone by hand, each once, in a fixed order."""
    found = {Override(item["token"], item.get("apart_from")) for item in _entries(home)}
    return sorted(found, key=lambda item: (item.token, item.apart_from or ""))


def forget(home: Home, tokens: Iterable[str]) -> None:
    """Take some tokens out of everything this module keeps, after an erasure: every table, which the next data cut
    makes anew, what was noted of them, and corrections that name one of the tokens."""
    shutil.rmtree(_folder(home), ignore_errors=True)
    gone, entries = set(tokens), _entries(home)
    kept = [item for item in entries if not gone & {item["token"], item.get("apart_from")}]
    if kept != entries:
        write_bytes(_overrides_path(home), readable_json(kept), mode=0o600)


def undo_link(home: Home, token: str, reason: str, by: str, apart_from: str | None = None) -> None:
    """Undo a wrong link from the next data cut on: `token` leaves the person of `apart_from`, or links to nobody.

    Of a person token without `apart_from`, the number is believed nowhere. The lake stays as it is.
    """
    entry: dict[str, Any] = {"token": token, "reason": reason.strip(), "by": by.strip()}
    if apart_from is None:
        entry["never_link"] = True
    else:
        entry["apart_from"] = apart_from
    if not _is_entry(entry) or not entry["reason"] or not entry["by"] or token == apart_from:
        raise WrongUsage(
            "a correction of links names one token or two different ones, a reason and a person.",
            "give tokens as `k1:` and 64 hexadecimal digits.",
        )
    entries = _entries(home)
    if entry not in entries:
        _private_folders(home)
        write_bytes(_overrides_path(home), readable_json([*entries, entry]), mode=0o600)
