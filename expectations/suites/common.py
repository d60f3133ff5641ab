"""What a contract declares, as expectations: required, ranges, codes, patterns, between columns, window, key.

Belongs here: expectations that follow from any contract. Not here: what one feed alone expects.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from expectations.batch import BLANK, FILLED
from expectations.expectation import ROW, TABLE, WARN, Derived, Expectation, Scope
from foundation.period import month_of, months_between
from ingest.contract import Contract, CrossFieldRule
from ingest.identity.declared import MADE_OF

# below this many rows a share says little
_ENOUGH = 100


def required(contract: Contract) -> list[Expectation]:
    """A required value may not be blank."""
    return [
        Expectation(
            "row.required",
            ROW,
            column.name,
            "ExpectColumnValuesToNotBeNull",
            {"column": column.name},
            "A value is required.",
        )
        for column in contract.columns
        if column.required
    ]


def ranges(contract: Contract, scope: Scope) -> list[Expectation]:
    """Numbers and dates lie in the contract's range; blanks are not judged.

    Left out, to save time: columns the layout never sends, and dates that `window` judges more closely.
    """
    found = []
    windowed = contract.custom.windowColumns if scope.covers_from is not None else []
    absent = contract.custom.layouts[scope.layout].absent
    for column in contract.columns:
        if column.minimum is None and column.maximum is None:
            continue
        if column.name in windowed or column.name in absent:
            continue
        limits = {"min_value": column.minimum, "max_value": column.maximum}
        found.append(
            Expectation(
                "row.range",
                ROW,
                column.name,
                "ExpectColumnValuesToBeBetween",
                {"column": column.name, **{name: value for name, value in limits.items() if value is not None}},
                "The value lies outside the contract's range.",
            )
        )
    return found


def codes(contract: Contract) -> list[Expectation]:
    """Codes are on the contract's list, or written as its pattern says; the sender's own code is judged by `sender`."""
    found = []
    for column in contract.columns:
        if column.name == contract.custom.organisationColumn:
            continue
        if column.allowed:
            found.append(
                Expectation(
                    "row.code",
                    ROW,
                    column.name,
                    "ExpectColumnValuesToBeInSet",
                    {"column": column.name, "value_set": list(column.allowed)},
                    "The code is not on the contract's list.",
                )
            )
        elif column.pattern:
            found.append(
                Expectation(
                    "row.pattern",
                    ROW,
                    column.name,
                    "ExpectColumnValuesToMatchRegex",
                    {"column": column.name, "regex": column.pattern},
                    "The code is not written as the contract says.",
                )
            )
    return found


def sender(contract: Contract, scope: Scope) -> list[Expectation]:
    """Every row is about the sender."""
    name = contract.custom.organisationColumn
    return [
        Expectation(
            "row.code",
            ROW,
            name,
            "ExpectColumnValuesToBeInSet",
            {"column": name, "value_set": [scope.organisation]},
            "The code is not the sender's.",
        )
    ]


def _between(rule: CrossFieldRule) -> Expectation:
    message = f"The row contradicts itself: {rule.description}."
    if rule.kind == "sum_equals":
        derived = Derived(f"difference:{rule.id}", "difference", (str(rule.total), *rule.columns))
        return Expectation(
            "row.cross_field",
            ROW,
            rule.total,
            "ExpectColumnValuesToBeBetween",
            {"column": derived.name, "min_value": 0, "max_value": 0},
            message,
            derived,
        )
    if rule.kind == "not_before":
        derived = Derived(f"days:{rule.column}:{rule.other}", "days", (str(rule.column), str(rule.other)))
        return Expectation(
            "row.cross_field",
            ROW,
            rule.column,
            "ExpectColumnValuesToBeBetween",
            {"column": derived.name, "min_value": 0},
            message,
            derived,
        )
    ((other, equals),) = rule.when.items()
    derived = Derived(f"where:{rule.id}", "where", (str(rule.column), other), equals=equals)
    return Expectation(
        "row.cross_field",
        ROW,
        rule.column,
        "ExpectColumnValuesToBeBetween",
        {"column": derived.name, "min_value": rule.minimum, "max_value": rule.maximum},
        message,
        derived,
    )


def between_columns(contract: Contract, scope: Scope) -> list[Expectation]:
    """The contract's cross-field rules whose columns the layout sends."""
    absent = set(contract.custom.layouts[scope.layout].absent)
    found = []
    for rule in contract.custom.crossFieldRules:
        if rule.kind in ("blank_when", "filled_when"):
            found += _filled_or_not(rule, absent)
        elif not rule.names() & absent:
            found += _all_or_none(rule) if rule.kind == "filled_together" else [_between(rule)]
    return found


def _filled_or_not(rule: CrossFieldRule, absent: set[str]) -> list[Expectation]:
    """The columns of a rule are filled, or blank, where another column has a value.

    A token that a layout never sends is made by intake, so that it is judged all the same.
    """
    ((other, value),) = rule.when.items()
    if other in absent:
        return []
    held = FILLED if rule.kind == "blank_when" else BLANK
    return [
        _combination(rule, name, other, "filled_with", "ExpectColumnValuesToNotBeInSet", [f"{held} {value}"])
        for name in rule.columns
        if name not in absent or name in MADE_OF
    ]


def _all_or_none(rule: CrossFieldRule) -> list[Expectation]:
    """The columns of a rule are all filled or all blank: each is as the first one is."""
    first = rule.columns[0]
    alike = [f"{FILLED} {FILLED}", f"{BLANK} {BLANK}"]
    return [
        _combination(rule, first, name, "filled_both", "ExpectColumnValuesToBeInSet", alike)
        for name in rule.columns[1:]
    ]


def _combination(
    rule: CrossFieldRule,
    name: str,
    other: str,
    kind: Literal["filled_with", "filled_both"],
    expected: str,
    values: list[str],
) -> Expectation:
    derived = Derived(f"filled:{name}:{other}", kind, (name, other))
    return Expectation(
        "row.cross_field",
        ROW,
        name,
        expected,
        {"column": derived.name, "value_set": values},
        f"The row contradicts itself: {rule.description}.",
        derived,
    )


def window(contract: Contract, scope: Scope) -> list[Expectation]:
    """Rows lie within the dates the submission covers."""
    if scope.covers_from is None or scope.covers_to is None:
        return []
    found = []
    for name in contract.custom.windowColumns:
        message = "The row lies outside the dates the submission covers."
        if contract.by_name[name].kind == "date":
            found.append(
                Expectation(
                    "row.outside_window",
                    ROW,
                    name,
                    "ExpectColumnValuesToBeBetween",
                    {"column": name, "min_value": scope.covers_from, "max_value": scope.covers_to},
                    message,
                )
            )
        else:
            months = [item.label for item in months_between(month_of(scope.covers_from), month_of(scope.covers_to))]
            found.append(
                Expectation(
                    "row.outside_window",
                    ROW,
                    name,
                    "ExpectColumnValuesToBeInSet",
                    {"column": name, "value_set": months},
                    message,
                )
            )
    return found


def key(contract: Contract) -> list[Expectation]:
    """No two rows of a key; exact repeats were taken out before, so what is left contradicts itself."""
    return [
        Expectation(
            "table.key_conflict",
            TABLE,
            None,
            "ExpectCompoundColumnsToBeUnique",
            {"column_list": list(contract.key)},
            "Rows with the same key differ.",
        )
    ]


def every_day(contract: Contract, scope: Scope) -> list[Expectation]:
    """Each day covered has a row."""
    name = contract.custom.everyDay
    if name is None or scope.covers_from is None or scope.covers_to is None:
        return []
    days = (scope.covers_to - scope.covers_from).days + 1
    derived = Derived(f"covered:{name}", "between", (name,), low=scope.covers_from, high=scope.covers_to)
    return [
        Expectation(
            "analysis.day_without_row",
            WARN,
            name,
            "ExpectColumnUniqueValueCountToBeBetween",
            {"column": derived.name, "min_value": days},
            "Days of the period have no row.",
            derived,
        )
    ]


def share(column: str, kind: str, values: list[str], mostly: Decimal, rule: str, message: str) -> Expectation:
    """At least the share `mostly` of the filled values is (or is not) in a set; a warning about the table."""
    return Expectation(
        rule,
        WARN,
        column,
        kind,
        {"column": column, "value_set": values, "mostly": mostly},
        message,
        minimum_values=_ENOUGH,
    )


def some_rows(message: str) -> Expectation:
    """A register without rows is a failed export, not a register of nothing."""
    return Expectation("delivery.no_rows", TABLE, None, "ExpectTableRowCountToBeBetween", {"min_value": 1}, message)


def survey_sample(contract: Contract) -> list[Expectation]:
    """Enough people were asked, and enough of them answered, for a survey's figures to mean something."""
    sample = contract.custom.surveySample
    if sample is None:
        return []
    few = f"Fewer than {sample.minimumAsked} people were asked."
    silent = f"Fewer than {sample.minimumResponsePct} % of the people asked have answered."
    return [
        Expectation(
            "analysis.sample_small",
            WARN,
            None,
            "ExpectTableRowCountToBeBetween",
            {"min_value": sample.minimumAsked},
            few,
        ),
        share(
            sample.statusColumn,
            "ExpectColumnValuesToBeInSet",
            list(sample.responded),
            Decimal(sample.minimumResponsePct) / 100,
            "analysis.response_rate_low",
            silent,
        ),
    ]


def contract_rules(contract: Contract, scope: Scope) -> list[Expectation]:
    """Everything the contract declares."""
    return [
        *required(contract),
        *sender(contract, scope),
        *codes(contract),
        *ranges(contract, scope),
        *between_columns(contract, scope),
        *window(contract, scope),
        *key(contract),
        *every_day(contract, scope),
        *survey_sample(contract),
    ]
