"""The dbt source of a feed, made from its data contract: what the lake holds is declared once.

Belongs here: which columns a lake table has for the warehouse and of which type, and the text of
`models/staging/_sources.yml`. Not here: reading the lake (macro `lake_source`) and the sources of a run's inputs, which
are written by hand in the same file.

    python -m dbt_project.sources        # write the file again after a contract was changed
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from foundation.durable import write_bytes
from ingest.contract import Column, Contract, load_contracts

SOURCES = Path(__file__).parent / "models" / "staging" / "_sources.yml"
# what stands between these lines of the file is made here
_BEGIN, _END = "    # made from the data contracts: begin\n", "  # made from the data contracts: end\n"
_LONG = 96
_TYPES = {"string": "string", "integer": "bigint", "date": "date"}
_KEYS = {
    "organisation": ("string", "Code of the sender (partition key)"),
    "submission": ("string", "Submission id (partition key)"),
    "row_number": ("bigint", "Data row in the file, from 1"),
}


def source_columns(contract: Contract) -> list[dict[str, str]]:
    """Columns of a feed's table as dbt reads it: name, data_type, description. What identifies a person is not among
    them."""
    found = [{"name": name, "data_type": kind, "description": text} for name, (kind, text) in _KEYS.items()]
    for column in contract.columns:
        if column.name in _KEYS or column.name in contract.custom.identifyingColumns:
            continue
        if column.name == contract.custom.organisationColumn:
            continue
        found.append({"name": column.name, "data_type": _type(column), "description": _described(column)})
    return found


def source_table(contract: Contract) -> dict[str, Any]:
    """The entry of a feed among the tables of the source `lake`."""
    text = contract.words.get("purpose") or contract.feed
    return {"name": contract.feed, "description": text, "columns": source_columns(contract)}


def _type(column: Column) -> str:
    return f"decimal({column.precision},{column.scale})" if column.kind == "number" else _TYPES[column.kind]


def _described(column: Column) -> str:
    return f"{column.description.rstrip('.')} ({column.unit})" if column.unit else column.description.rstrip(".")


def table_text(contract: Contract) -> str:
    """The entry as YAML, as it stands in the sources file."""
    table = source_table(contract)
    lines = [f"      - name: {table['name']}"]
    lines += [*_folded("        description", table["description"]), "        columns:"]
    for column in table["columns"]:
        lines += [f"          - name: {column['name']}", f"            data_type: {_quoted(column['data_type'])}"]
        lines += _folded("            description", column["description"])
    return "".join(f"{line}\n" for line in lines)


def _folded(key: str, text: str) -> list[str]:
    """A key with its text, on lines of its own where it is long."""
    if len(text) <= _LONG:
        return [f"{key}: {_quoted(text)}"]
    indent = " " * (len(key) - len(key.lstrip()) + 2)
    return [f"{key}: >-", *(indent + line for line in textwrap.wrap(text, _LONG))]


def _quoted(text: str) -> str:
    """A YAML scalar of one line: plain where nothing in it could be read otherwise, else in single quotes."""
    plain = " ".join(text.split())
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9 ,.;()/+-]*", plain) and plain.lower() not in ("yes", "no", "null", "true"):
        return plain
    return "'" + plain.replace("'", "''") + "'"


def sources_text(present: str, contracts: Iterable[Contract]) -> str:
    """The sources file with the tables of these contracts, in order of name, in place of those it has."""
    before, _, rest = present.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    tables = "".join(table_text(contract) for contract in sorted(contracts, key=lambda item: item.feed))
    return f"{before}{_BEGIN}    tables:\n{tables}{_END}{after}"


def main() -> None:
    """Write the sources file again."""
    write_bytes(SOURCES, sources_text(SOURCES.read_text(encoding="utf-8"), load_contracts().values()).encode())


if __name__ == "__main__":
    main()
