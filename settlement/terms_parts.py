"""The parts of an agreement's terms, as they stand in its YAML file.

Belongs here: the shape of each part. Not here: rules across parts (`terms_lint`), loading, hash, and views (`terms`).

Rule for later versions: a part or entry added here is optional and None when absent, so that it does not change
the hash of terms which members approved before it existed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

LEVELS = ("failure", "poor", "minimum", "stretch", "game_breaking")
# The groups of the warehouse's breakdowns: local fifths of deprivation (1 = most deprived), and ages.
QUINTILES = ("1", "2", "3", "4", "5")
AGE_GROUPS = ("0-17", "18-39", "40-64", "65-74", "75-84", "85-over")
Level = Literal["failure", "poor", "minimum", "stretch", "game_breaking"]


def read_number(value: Any) -> Decimal:
    """A number of the terms as Decimal. ValueError for text, floats and what is too long to be meant."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("must be a number written in plain digits, without quotes, commas or exponent")
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15 or -int(number.as_tuple().exponent) > 12:
        raise ValueError("must have at most 15 digits before the point and 12 after it")
    return number


def _pounds(value: Any) -> Decimal:
    number = read_number(value)
    if number != number.quantize(Decimal("0.01")):
        raise ValueError("must be pounds with at most two decimals")
    return number


def read_whole(value: Any) -> Any:
    """A whole number of the terms. ValueError for anything else, a decimal included."""
    if type(value) is not int:
        raise ValueError("must be a whole number")
    return value


def _day(value: Any) -> Any:
    if type(value) is not date:
        raise ValueError("must be a date such as 2024-04-01, without quotes")
    # beyond them there are no periods to settle, and the calendar ends
    if not 1900 <= value.year <= 2199:
        raise ValueError("must be a date of the years 1900 to 2199")
    return value


NUMBER_SCHEMA = WithJsonSchema({"type": "number"})
Number = Annotated[Decimal, BeforeValidator(read_number), NUMBER_SCHEMA]
NotNegative = Annotated[Decimal, BeforeValidator(read_number), Field(ge=0), NUMBER_SCHEMA]
Percent = Annotated[Decimal, BeforeValidator(read_number), Field(ge=0, le=100), NUMBER_SCHEMA]
Pounds = Annotated[Decimal, BeforeValidator(_pounds), NUMBER_SCHEMA]
PoundsNotNegative = Annotated[Decimal, BeforeValidator(_pounds), Field(ge=0), NUMBER_SCHEMA]
# `yes`, `on` and 1 are words and numbers here, not true.
Flag = Annotated[bool, Field(strict=True)]
Day = Annotated[date, BeforeValidator(_day)]
# No underscore: ids become names in formulas, where the hyphen turns into one.
RoleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
KpiId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$", max_length=40)]
CheckId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$", max_length=80)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
Label = Annotated[str, Field(min_length=4, max_length=12, pattern=r"^[0-9]{4}-[0-9]{2}(-q[1-4])?$")]


class Part(BaseModel):
    """Terms never change after loading and hold nothing that is not declared here."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Identity(Part):
    """Which agreement this is, under which contract model, from when, and whether money moves."""

    id: RoleId
    name: Text
    contract_model: Literal["alliance", "prime_provider", "prime_contractor"]
    effective_from: Day
    effective_to: Day | None = None
    settle_by: Literal["year", "quarter", "month"]
    shadow: Flag
    illustrative: Flag
    label: Text


class Mandate(Part):
    """What the commissioner set first: purpose, and how far risk is shared."""

    purpose: Text
    risk_strategy: Text


class Member(Part):
    """A member that holds a share of gain and loss. Always a role, never an organisation's name.

    body, of any party: one name for the roles one body holds, such as a council that commissions and provides.
    """

    id: RoleId
    name: Text
    share_pct: Percent
    zero_share_waiver: Text | None = None
    turnover_gbp: PoundsNotNegative
    contract_reference: Text
    funding_source: Text
    vat_treatment: Text
    acts_for: Text | None = None
    nominated_payee: Text | None = None
    body: RoleId | None = None


class Commissioner(Part):
    """A commissioner role; it approves the terms unless `approves` is false."""

    id: RoleId
    name: Text
    approves: Flag = True
    body: RoleId | None = None


class Independent(Part):
    """A role without share or payment, which may record causes that would profit the others."""

    id: RoleId
    name: Text
    body: RoleId | None = None


class PrimeContractor(Part):
    """A role that holds the head contract and delivers nothing itself: no share, no open book, a vote on the terms."""

    id: RoleId
    name: Text
    body: RoleId | None = None


class Parties(Part):
    commissioners: tuple[Commissioner, ...] = Field(min_length=1)
    members: tuple[Member, ...] = Field(min_length=1)
    independents: tuple[Independent, ...] | None = None
    prime_contractor: PrimeContractor | None = None


class Outcome(Part):
    id: Code
    name: Text


class Levels(Part):
    """The five values of a KPI at which a level begins, worst to best. Game-breaking may lie off the known scale."""

    failure: Number
    poor: Number
    minimum: Number
    stretch: Number
    game_breaking: Number

    def values(self) -> tuple[Decimal, ...]:
        return tuple(getattr(self, level) for level in LEVELS)


class Baseline(Part):
    """The frozen baseline a KPI is compared with: value, period and the definition it was computed by."""

    value: Number
    period: Label
    definition: Text


class Breakdown(Part):
    """The group of people a KPI looks at, in place of everybody in its area."""

    kind: Literal["pcn", "deprivation", "age"]
    # A group that reads as a number (a quintile) may be written as one.
    group: Annotated[Code, BeforeValidator(lambda value: str(value) if type(value) is int else value)]


class Kpi(Part):
    """One KPI: what it is (indicator, version, area), and for a paid one its weight, levels and baseline."""

    id: KpiId
    name: Text
    role: Literal["paid", "monitored", "gate", "counted"]
    outcome: Code
    indicator_id: Code
    indicator_version: Annotated[int, BeforeValidator(read_whole), Field(ge=1)]
    area_code: Code
    unit: Text
    polarity: Literal["low", "high"]
    value_decimals: Annotated[int, BeforeValidator(read_whole), Field(ge=0, le=9)]
    population_basis: Literal["resident", "registered", "caseload", "cohort"]
    kind: Literal["outcome", "process", "output"]
    process_waiver: Text | None = None
    weight: NotNegative | None = None
    levels: Levels | None = None
    baseline: Baseline | None = None
    must_reach: Number | None = None
    note: Text | None = None
    breakdown: Breakdown | None = None
    measurement_lag_months: Annotated[int, BeforeValidator(read_whole), Field(ge=0, le=24)] | None = None


class Framework(Part):
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    kpis: tuple[Kpi, ...] = Field(min_length=1)


class Scoring(Part):
    """Points of the five levels, the line between them, and the weight that must be live."""

    level_points: Levels
    between_levels: Literal["linear", "stepped"]
    minimum_live_weight_pct: Annotated[Decimal, BeforeValidator(read_number), Field(gt=0, le=100), NUMBER_SCHEMA]


class FitnessCheck(Part):
    """A check of whether a KPI's figure is good enough to pay on; a failure withholds it."""

    check: CheckId
    max_missing_pct: Percent
    meaning: Text


class DeemRule(Part):
    """What a deemed KPI scores: the value of a level, or the better of that and its own value."""

    level: Level
    better_of_own: Flag = False


class CauseRule(Part):
    """What a recorded cause does to a withheld figure, and who may record it."""

    cause: Code
    meaning: Text
    action: Literal["forfeit", "neutral", "deem"]
    deem: DeemRule | None = None
    recorded_by: tuple[RoleId, ...] = Field(min_length=1)


class SmallNumbers(Part):
    """Below these numbers a proportion says more about chance than about care: what it does was agreed beforehand.

    least_count: of people with the outcome, and of people without it.
    """

    least_denominator: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=1_000_000)]
    least_count: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=1_000_000)]
    action: Literal["neutral"]


class Gate(Part):
    integrity: tuple[CheckId, ...] = Field(min_length=1)
    fitness: tuple[FitnessCheck, ...] = Field(min_length=1)
    causes: tuple[CauseRule, ...] = Field(min_length=1)
    small_numbers: SmallNumbers | None = None


class SpendLine(Part):
    """On which level of the wedge a member's ledger lines stand: one line, or every line that is not named.

    effective_from: the first month it holds; from the agreement's first day where it is left out.
    """

    level: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=5)]
    member: RoleId
    line: Code | None = None
    effective_from: Day | None = None


class PayerShare(Part):
    """A commissioner that pays a part of every payment, from its own budget."""

    payer: RoleId
    share_pct: Percent
    funding_source: Text


class Payment(Part):
    """Who pays gain to whom (a loss flows back), under which contract, from which budget, with which VAT.

    payers: where several commissioners pay, each its agreed part; `payer` is one of them.
    """

    payer: RoleId
    payee: Text
    contract_reference: Text
    funding_source: Text
    vat_treatment: Text
    payers: tuple[PayerShare, ...] | None = None
