"""Small feeds about invented people, and their files in clear and in tokens."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from deliveries import deliver, manifest_of

from foundation.home import Home
from foundation.tokens import TokenKey, local_text, match_text
from ingest.contract import Contract, parse_contract
from ingest.identity.keyring import demo_key

PLACE = "test"
KEY: TokenKey = demo_key(PLACE)
TOKENS = ["person_token", "match_token", "local_token", "nhs_number_status", "birth_month"]
IDENTIFYING = ["nhs_number", "forename", "surname", "date_of_birth", "postcode", "local_id"]
ANN = {
    "nhs_number": "9990000018",
    "forename": "Änn",
    "surname": "O'Neill-Null",
    "date_of_birth": "1950-02-03",
    "postcode": "SE10 9NF",
    "local_id": "client-77",
}
SUBJECT = ("nhs_number", "forename", "surname", "date_of_birth", "postcode", "local_id")


def text_column(name: str, required: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": "string", "required": required, "description": name, **more}


def document(
    feed: str = "visits",
    identity: Mapping[str, Any] | None = None,
    consent: bool = False,
    opt_out: str = "does not apply, nobody is real",
    **custom: Any,
) -> dict[str, Any]:
    """A complete contract as YAML content: sender TOK sends tokens, CLR identifiers."""
    columns: list[dict[str, Any]] = [
        text_column("organisation", True, primaryKey=True, primaryKeyPosition=1),
        text_column("visit_id", True, primaryKey=True, primaryKeyPosition=2),
        text_column("person_token"),
        text_column("match_token"),
        text_column("local_token", True),
        text_column("nhs_number_status", not consent),
        text_column("birth_month", logicalTypeOptions={"pattern": "^[0-9]{4}-[0-9]{2}$"}),
        *([text_column("consent", True)] if consent else []),
        {"name": "visited_on", "logicalType": "date", "required": True, "description": "when"},
        *(
            {
                **text_column(name, classification="identifying"),
                **({"logicalType": "date"} if name == "date_of_birth" else {}),
                **(
                    {"customProperties": [{"property": "freeText", "value": True}]}
                    if name in ("forename", "surname")
                    else {}
                ),
            }
            for name in IDENTIFYING
        ),
    ]
    basis = dict.fromkeys(("article6", "article9", "dpaSchedule1", "commonLaw", "dpiaReference"), "invented")
    basis["nationalOptOut"] = opt_out
    properties: dict[str, Any] = {
        "owner": "nobody",
        "captureMethod": {"source": "clinical_record", "description": "invented"},
        "sourceClass": "provider",
        "coverage": {"kind": "single", "months": 1},
        "cadence": "monthly",
        "lagDays": 14,
        "delimiter": ",",
        "encodings": ["utf-8"],
        "headerMatching": "exact",
        "organisationColumn": "organisation",
        "eventColumn": "visited_on",
        "windowColumns": ["visited_on"],
        "controlTotals": [],
        "limits": {"fileBytes": 5_000_000, "columns": 40, "fieldCharacters": 1000},
        "layouts": {
            "canonical": {"absent": IDENTIFYING, "dateFormat": "DD/MM/YYYY", "columns": {"visit_id": "Visit"}},
            "clear": {"absent": TOKENS},
            "own_clear": {"absent": TOKENS, "columns": {"local_id": "client"}},
        },
        "senders": {"TOK": {"layout": "canonical"}, "CLR": {"layout": "own_clear"}},
        "crossFieldRules": [],
        "historyRules": {"periods": 6, "minimumPeriods": 3, "rowCountRatio": [], "medianRatio": {}},
        "freezeRule": "quarter_end",
        "openlyPublished": False,
        "identifyingColumns": IDENTIFYING,
        "identity": {
            "linkable": True,
            "tokens": TOKENS,
            "invalidNhsNumber": "count",
            "clearJustification": {"CLR": "its system cannot run anything"},
            **(identity or {}),
        },
        "lawfulBasis": basis,
        "controllers": ["nobody"],
        "processor": "nobody",
        "retention": "a day",
        "dataSharingAgreement": {"reference": "DSA-1", "start": "2020-04-01", "end": "2030-03-31"},
        **custom,
    }
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"test.{feed}",
        "name": feed,
        "version": "1.0.0",
        "status": "active",
        "description": {"purpose": "tests"},
        "schema": [{"name": feed, "logicalType": "object", "properties": columns}],
        "team": {"name": "tests"},
        "customProperties": [
            {"property": name, "value": value} for name, value in properties.items() if value is not None
        ],
    }


def contract_of(feed: str = "visits", **changes: Any) -> Contract:
    return parse_contract(yaml.safe_dump(document(feed, **changes), sort_keys=False).encode(), f"{feed}.yaml")


def csv_of(rows: Sequence[Mapping[str, str]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def clear_row(number: int, person: Mapping[str, str], organisation: str = "CLR", own: bool = True) -> dict[str, str]:
    """A visit in clear; `own`: under the header of the sender CLR, else in the layout `clear`."""
    parts = {name: person.get(name, "") for name in SUBJECT}
    if own:
        parts["client"] = parts.pop("local_id")
    return {"organisation": organisation, "visit_id": f"v{number}", "visited_on": "2025-04-03", **parts}


def token_row(number: int, person: Mapping[str, str], key: TokenKey = KEY) -> dict[str, str]:
    """The same visit as the sender TOK sends it."""
    nhs = person.get("nhs_number", "")
    match = match_text(person.get("forename", ""), person.get("surname", ""), person.get("date_of_birth", ""))
    return {
        "organisation": "TOK",
        "Visit": f"v{number}",
        "person_token": key.token(nhs) if nhs else "",
        "match_token": key.token(match) if match else "",
        "local_token": key.token(local_text("TOK", person["local_id"])),
        "nhs_number_status": "valid" if nhs else "missing",
        "birth_month": person.get("date_of_birth", "")[:7],
        "visited_on": "03/04/2025",
    }


def send(home: Home, feed: str, rows: Sequence[Mapping[str, str]], organisation: str, sequence: int = 1) -> Path:
    data = csv_of(rows)
    told = manifest_of(feed, organisation, "2025-04-01", "2025-04-30", data, len(rows), sequence)
    return deliver(home, told, data)
