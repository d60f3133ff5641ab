"""What a contract declares, as expectations: required, ranges, codes, patterns, between columns, window, key.

Belongs here: expectations that follow from any contract. Not here: what one feed alone expects.
"""

from __future__ import annotations

from expectations.expectation import ROW, TABLE, WARN, Derived, Expectation, Scope
from foundation.period import month_of, months_between
from ingest.contract import Contract, CrossFieldRule


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
    return [_between(rule) for rule in contract.custom.crossFieldRules if not rule.names() & absent]


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


def some_rows(message: str) -> Expectation:
    """A register without rows is a failed export, not a register of nothing."""
    return Expectation("delivery.no_rows", TABLE, None, "ExpectTableRowCountToBeBetween", {"min_value": 1}, message)


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
    ]
