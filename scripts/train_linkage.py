"""Make the frozen model of the linkage, `ingest/linkage/model/person-1.json`, from invented persons.

    .venv/bin/python scripts/train_linkage.py [FILE]

How often a field agrees between two persons is counted over all pairs of the persons; how often between two records of
one person, over their misspelt records, whose truth is known because it was drawn. No record of anybody real and none
of those that the linkage is measured with has a part in it. The same code gives the same file.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb
import pyarrow as pa

from foundation.canonical import plain_decimal, readable_json
from foundation.durable import write_bytes
from ingest.linkage.forenames import short_forms
from ingest.linkage.records import FIELDS, as_table, people_of
from places import lookalikes

ROOT = Path(__file__).resolve().parents[1]
PEOPLE, SEED, ERRORS_SEED = 3_000, 20_251, 20_252
# about as many people as a London borough has: two records taken at random are one person's that seldom
POPULATION = 300_000
# what was never seen among so many pairs is not impossible
LEAST = {"m": Decimal("0.0005"), "u": Decimal("0.0000005")}


def _level(sql: str, label: str) -> dict[str, Any]:
    return {"sql_condition": sql, "label_for_charts": label}


def _null(sql: str) -> dict[str, Any]:
    return {**_level(sql, "unknown"), "is_null_level": True}


def _blank(*names: str) -> str:
    return " or ".join(f"{name}_{side} is null" for name in names for side in "lr")


_SWAPPED = "(forename_l = surname_r and surname_l = forename_r)"

COMPARISONS: list[dict[str, Any]] = [
    {
        "output_column_name": "forename",
        "comparison_levels": [
            _null(_blank("forename")),
            _level("forename_l = forename_r", "equal"),
            _level(_SWAPPED, "in the surname's place"),
            _level("damerau_levenshtein(forename_l, forename_r) <= 1", "one letter off"),
            _level("jaro_winkler_similarity(forename_l, forename_r) >= 0.88", "alike"),
            _level("substr(forename_l, 1, 1) = substr(forename_r, 1, 1)", "same initial"),
            _level("ELSE", "other"),
        ],
    },
    {
        "output_column_name": "surname",
        "comparison_levels": [
            _null(f"{_blank('surname')} or {_SWAPPED}"),
            _level("surname_l = surname_r", "equal"),
            _level("damerau_levenshtein(surname_l, surname_r) <= 1", "one letter off"),
            _level("jaro_winkler_similarity(surname_l, surname_r) >= 0.88", "alike"),
            _level("ELSE", "other"),
        ],
    },
    {
        "output_column_name": "born",
        "comparison_levels": [
            _null(_blank("born")),
            _level("born_l = born_r", "equal"),
            _level("damerau_levenshtein(born_l, born_r) <= 1", "one digit off"),
            _level(
                "substr(born_l, 1, 4) = substr(born_r, 1, 4) and substr(born_l, 5, 2) = substr(born_r, 7, 2) "
                "and substr(born_l, 7, 2) = substr(born_r, 5, 2)",
                "day and month swapped",
            ),
            _level("damerau_levenshtein(born_l, born_r) <= 2", "two digits off"),
            _level("substr(born_l, 1, 4) = substr(born_r, 1, 4)", "same year"),
            _level("ELSE", "other"),
        ],
    },
    {
        "output_column_name": "home",
        "comparison_levels": [
            _null(f"({_blank('postcode')}) and ({_blank('address')}) and ({_blank('town')})"),
            _level("address_l = address_r and (postcode_l = postcode_r or town_l = town_r)", "same address"),
            _level(
                "jaro_winkler_similarity(address_l, address_r) >= 0.92 "
                "and (postcode_l = postcode_r or town_l = town_r)",
                "address alike",
            ),
            _level("address_l = address_r", "same address elsewhere"),
            _level("postcode_l = postcode_r", "same postcode"),
            _level("damerau_levenshtein(postcode_l, postcode_r) <= 1", "postcode one letter off"),
            _level("town_l = town_r or damerau_levenshtein(town_l, town_r) <= 1", "same town"),
            _level("ELSE", "other"),
        ],
    },
    {
        "output_column_name": "email",
        "comparison_levels": [
            _null(_blank("email")),
            _level("email_l = email_r", "equal"),
            _level("damerau_levenshtein(email_l, email_r) <= 2", "two letters off"),
            _level("ELSE", "other"),
        ],
    },
    {
        "output_column_name": "sex",
        "comparison_levels": [_null(_blank("sex")), _level("sex_l = sex_r", "equal"), _level("ELSE", "other")],
    },
    {
        "output_column_name": "other_id",
        "comparison_levels": [
            _null(_blank("other_id")),
            _level("other_id_l = other_id_r", "equal"),
            _level("damerau_levenshtein(other_id_l, other_id_r) <= 1", "one digit off"),
            _level("ELSE", "other"),
        ],
    },
]
# which pairs are looked at: whatever two records of one person nearly always share in one way or another
BLOCKING = (
    "l.other_id = r.other_id",
    "l.email = r.email",
    "l.forename = r.forename and l.surname = r.surname",
    "l.forename = r.surname and l.surname = r.forename",
    "l.born = r.born and substr(l.surname, 1, 1) = substr(r.surname, 1, 1)",
    "l.born = r.born and substr(l.forename, 1, 1) = substr(r.forename, 1, 1)",
    "l.born = r.born and l.postcode = r.postcode",
    "l.forename = r.forename and l.postcode = r.postcode",
    "l.surname = r.surname and l.postcode = r.postcode",
    "l.surname = r.surname and substr(l.born, 1, 4) = substr(r.born, 1, 4)",
    "l.surname = r.surname and substr(l.born, 5, 4) = substr(r.born, 5, 4)",
    "l.forename = r.forename and substr(l.born, 1, 6) = substr(r.born, 1, 6)",
    "l.forename = r.forename and substr(l.born, 5, 4) = substr(r.born, 5, 4)",
    "l.address = r.address and substr(l.forename, 1, 1) = substr(r.forename, 1, 1)",
)


def settings() -> dict[str, Any]:
    """Splink's settings without a parameter that has to be learnt; a new copy at every call."""
    return deepcopy(_settings())


def _settings() -> dict[str, Any]:
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "row",
        "probability_two_random_records_match": 1 / POPULATION,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "comparisons": COMPARISONS,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": rule, "sql_dialect": "duckdb"} for rule in BLOCKING
        ],
    }


def _cleaned(written: list[lookalikes.Written]) -> Any:
    rows = [asdict(one) for one in written]
    given = pa.table(
        {name: [row[name] for row in rows] for name in ("record_id", *FIELDS)}
        | {"source": [f"{row['person']:06d}" for row in rows]}
    )
    people = people_of(given, test_numbers=True)
    # sorted by person: `source` tells the training which records are one person's
    return as_table(people)


def _probabilities(table: Any, *, truth: bool) -> dict[tuple[str, int], float]:
    """Share of each comparison's levels: of records of one person when `truth`, else of all pairs."""
    from splink import DuckDBAPI, Linker

    connection = duckdb.connect(config={"threads": "1"})
    api = DuckDBAPI(connection=connection)
    linker = Linker(api.register(table), settings(), log_level=None)
    if truth:
        linker.training.estimate_m_from_label_column("source")
    else:
        linker.training.estimate_u_using_random_sampling(max_pairs=table.num_rows**2, seed=SEED)
    wanted = "m_probability" if truth else "u_probability"
    learnt = linker.misc.save_model_to_json()
    return {
        (comparison["output_column_name"], place): level[wanted]
        for comparison in learnt["comparisons"]
        for place, level in enumerate(comparison["comparison_levels"])
        if level.get(wanted) is not None
    }


def _frozen(share: float, least: Decimal) -> str:
    """A probability as the file has it: text of seven digits after the point."""
    return plain_decimal(max(Decimal(str(share)), least).quantize(Decimal("0.0000001")))


def model() -> dict[str, Any]:
    """The content of the model's file."""
    people = lookalikes.draw_people(PEOPLE, SEED)
    once = _probabilities(_cleaned(people), truth=False)
    both = _probabilities(_cleaned(lookalikes.draw_records(people, ERRORS_SEED, short_forms())), truth=True)
    frozen = settings()
    for comparison in frozen["comparisons"]:
        for place, level in enumerate(comparison["comparison_levels"]):
            key = (comparison["output_column_name"], place)
            if not level.get("is_null_level"):
                level["m_probability"] = _frozen(both.get(key, 0.0), LEAST["m"])
                level["u_probability"] = _frozen(once.get(key, 0.0), LEAST["u"])
    import splink

    frozen.pop("probability_two_random_records_match")
    return {
        "model": "person-1",
        "link_from": "0.99",
        "review_from": "0.5",
        "provenance": {
            "made_by": "scripts/train_linkage.py",
            "made_from": "invented persons of places/lookalikes.py; no record of anybody real",
            "people": PEOPLE,
            "population": POPULATION,
            "seeds": [SEED, ERRORS_SEED],
            "splink": splink.__version__,
            "duckdb": duckdb.__version__,
        },
        "settings": frozen,
    }


def main(arguments: list[str]) -> int:
    path = Path(arguments[0]) if arguments else ROOT / "ingest" / "linkage" / "model" / "person-1.json"
    write_bytes(path, readable_json(model()))
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
