"""Data contracts: Open Data Contract Standard v3.1 in, the rules intake enforces out.

Belongs here: reading a contract, refusing one that is incomplete, and the few questions intake asks of
it (columns, layout of a sender, agreement in force). Not here: applying a rule to data.
Custom properties are described in docs/reference/contracts.md.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from foundation.canonical import content_id
from foundation.errors import Refused, WrongUsage
from foundation.period import Period, financial_year_of, month_of, quarter_of
from ingest.identity.declared import MADE_OF, Identity, check_identity

CONTRACTS = Path(__file__).parent / "contracts"
DATE_FORMATS = {"YYYY-MM-DD": "%Y-%m-%d", "DD/MM/YYYY": "%d/%m/%Y", "DD-MM-YYYY": "%d-%m-%Y", "YYYYMMDD": "%Y%m%d"}
ENCODINGS = ("utf-8", "utf-16", "cp1252")
# what a table may come in, and how the name of such a file ends
CONTAINERS = {"csv": ".csv", "gzip": ".csv.gz", "zip": ".zip", "xlsx": ".xlsx", "parquet": ".parquet"}
# an organisation code becomes a folder name of the lake and of the landing
ORGANISATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,59}")
# names of the lake's folders; a reader finds these columns there and not inside the file
LAKE_KEYS = ("feed", "organisation", "submission", "month")
_FEED = re.compile(r"[a-z][a-z0-9_]{1,59}")
_OPT_OUT = re.compile(r"(?:applies|does not apply)(?:, | to )\S.*", re.DOTALL)
_MONTH_PATTERN = "^[0-9]{4}-(?:0[1-9]|1[0-2])$"


def ending_of(name: str) -> str:
    """How the name of a file ends among the endings of `CONTAINERS`; that of a CSV file when it ends otherwise."""
    return next((ending for ending in CONTAINERS.values() if name.casefold().endswith(ending)), CONTAINERS["csv"])


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _CustomProperty(_Part):
    property: str
    value: Any
    description: str | None = None


class _Quality(_Part):
    """One ODCS quality entry. `library` entries are enforced, `text` entries are for readers."""

    type: Literal["library", "text"] = "library"
    name: str | None = None
    metric: Literal["nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"] | None = None
    mustBe: int | None = None
    arguments: dict[str, Any] | None = None
    severity: str | None = None
    dimension: str | None = None
    description: str | None = None


class _Options(_Part):
    format: str | None = None
    minimum: int | str | None = None
    maximum: int | str | None = None
    pattern: str | None = None
    minLength: int | None = None
    maxLength: int | None = None


class _Property(_Part):
    name: str
    logicalType: Literal["string", "integer", "number", "date"]
    physicalType: str | None = None
    logicalTypeOptions: _Options = _Options()
    required: bool = False
    unique: bool = False
    primaryKey: bool = False
    primaryKeyPosition: int | None = None
    classification: str | None = None
    description: str
    examples: list[str] = []
    quality: list[_Quality] = []
    customProperties: list[_CustomProperty] = []


class _Object(_Part):
    name: str
    logicalType: Literal["object"]
    description: str | None = None
    properties: list[_Property] = Field(min_length=1)
    quality: list[_Quality] = []


class _Document(_Part):
    apiVersion: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: str
    name: str
    version: str
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    domain: str | None = None
    tenant: str | None = None
    dataProduct: str | None = None
    description: dict[str, str]
    schema_: list[_Object] = Field(alias="schema", min_length=1, max_length=1)
    team: dict[str, Any]
    slaProperties: list[dict[str, Any]] = []
    servers: list[dict[str, Any]] = []
    roles: list[dict[str, Any]] = []
    support: list[dict[str, Any]] = []
    tags: list[str] = []
    customProperties: list[_CustomProperty]


class Coverage(_Part):
    """How many months one submission covers: `single` and `rolling` exactly `months`, `cumulative` any."""

    kind: Literal["single", "rolling", "cumulative"]
    months: int | None = Field(default=None, ge=1, le=120)

    @model_validator(mode="after")
    def _months_fit(self) -> Coverage:
        if (self.months is None) != (self.kind == "cumulative"):
            raise ValueError("single and rolling coverage need months, cumulative has none")
        if self.kind == "single" and self.months != 1:
            raise ValueError("single coverage is one month")
        return self


class SentUnit(_Part):
    """The unit a layout gives an amount in; times `factor` (a decimal as text) it is in the contract's unit."""

    unit: str = Field(min_length=1)
    factor: str

    @field_validator("factor")
    @classmethod
    def _exact(cls, value: str) -> str:
        if not re.fullmatch(r"(0|[1-9][0-9]*)(\.[0-9]+)?", value, re.ASCII) or Decimal(value) <= 0:
            raise ValueError("a factor is a plain decimal above 0, as text")
        return value


class Layout(_Part):
    """How one kind of sender writes the table: its column names, date format, codes, units, what it never sends.

    codes: column -> the sender's code -> ours; a code that is not listed takes its row out. units: column -> the unit
    it is sent in.
    """

    dateFormat: str = "YYYY-MM-DD"
    columns: dict[str, str] = {}
    aliases: dict[str, list[str]] = {}
    absent: list[str] = []
    expects: list[str] = []
    codes: dict[str, dict[str, str]] = {}
    units: dict[str, SentUnit] = {}

    @field_validator("dateFormat")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in DATE_FORMATS:
            raise ValueError(f"date format is one of {', '.join(DATE_FORMATS)}")
        return value


class SharingAgreement(_Part):
    """Data-sharing agreement: dates (both included) between which data may flow."""

    reference: str = Field(min_length=1)
    start: date
    end: date

    @field_validator("start", "end", mode="before")
    @classmethod
    def _iso(cls, value: Any) -> Any:
        return date.fromisoformat(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _ordered(self) -> SharingAgreement:
        if self.end < self.start:
            raise ValueError("the agreement ends before it starts")
        return self


class Sender(_Part):
    layout: str
    dataSharingAgreement: SharingAgreement | None = None


class LawfulBasis(_Part):
    article6: str = Field(min_length=1)
    article9: str = Field(min_length=1)
    dpaSchedule1: str = Field(min_length=1)
    commonLaw: str = Field(min_length=1)
    nationalOptOut: str
    dpiaReference: str = Field(min_length=1)

    @field_validator("nationalOptOut")
    @classmethod
    def _says_whether_and_why(cls, value: str) -> str:
        """`applies, <why>` or `does not apply, <why>` (or `does not apply to <what>`): the first words decide."""
        if not _OPT_OUT.fullmatch(value):
            raise ValueError("begin with 'applies, ' or 'does not apply, ' and say why")
        return value

    @property
    def opt_out_applies(self) -> bool:
        """Whether rows of people who opted out nationally may not be used."""
        return self.nationalOptOut.startswith("applies")


class CrossFieldRule(_Part):
    """A rule between columns of one row.

    sum_equals: `columns` add up to `total`, where all are present. not_before: `column` is not before
    `other`, where both are present. range_when: `column` lies in a range where `when` (column: value) holds.
    blank_when, filled_when: `columns` are blank, or filled, where `when` holds. filled_together: `columns` are all
    filled or all blank.
    """

    id: str
    kind: Literal["sum_equals", "not_before", "range_when", "blank_when", "filled_when", "filled_together"]
    description: str
    columns: list[str] = []
    total: str | None = None
    column: str | None = None
    other: str | None = None
    when: dict[str, str] = {}
    minimum: int | None = None
    maximum: int | None = None

    @model_validator(mode="after")
    def _complete(self) -> CrossFieldRule:
        complete = {
            "sum_equals": len(self.columns) >= 2 and self.total is not None,
            "not_before": self.column is not None and self.other is not None,
            "range_when": self.column is not None
            and len(self.when) == 1
            and self.minimum is not None
            and self.maximum is not None,
            "blank_when": bool(self.columns) and len(self.when) == 1,
            "filled_when": bool(self.columns) and len(self.when) == 1,
            "filled_together": len(self.columns) >= 2,
        }
        if not complete[self.kind]:
            raise ValueError(f"the {self.kind} rule {self.id} is incomplete")
        return self

    def names(self) -> set[str]:
        """Columns the rule looks at."""
        found = {*self.columns, *self.when}
        return found | {name for name in (self.total, self.column, self.other) if name is not None}


class Reference(_Part):
    """A column whose values are those of another: of the same file, or of what was accepted of another feed.

    `column` and `to` name columns; `feed` is None for the same file. Blank refers to nothing.
    """

    id: str = Field(min_length=1)
    column: str
    to: str
    feed: str | None = None
    description: str


class HistoryRules(_Part):
    """Comparison with the organisation's earlier periods; ratios are [lowest, highest] as text."""

    periods: int = Field(ge=1)
    minimumPeriods: int = Field(ge=1)
    rowCountRatio: list[str] = []
    medianRatio: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _ratios(self) -> HistoryRules:
        for ratio in (self.rowCountRatio, *self.medianRatio.values()):
            if ratio and (len(ratio) != 2 or not Decimal(0) < Decimal(ratio[0]) < Decimal(ratio[1])):
                raise ValueError("a ratio is two numbers, the lower first, both above 0")
        return self


class CaptureMethod(_Part):
    """Where the data come from before they are sent: the kind of source, and in words how it is filled."""

    source: Literal[
        "clinical_record",
        "case_management",
        "register",
        "survey",
        "finance_ledger",
        "published_statistics",
        "reference_table",
        "manual_return",
    ]
    description: str = Field(min_length=1)


class SurveySample(_Part):
    """How a survey's people were chosen, and how many must answer for its figures to mean something.

    A file has a row for each person asked. `statusColumn` says what became of the question; its codes in `responded`
    are answers. Fewer rows than `minimumAsked`, or fewer answers in 100 rows than `minimumResponsePct`, are told.
    """

    frame: str = Field(min_length=1)
    method: str = Field(min_length=1)
    statusColumn: str
    responded: list[str] = Field(min_length=1)
    minimumAsked: int = Field(ge=1)
    minimumResponsePct: int = Field(ge=1, le=100)


class Limits(_Part):
    fileBytes: int = Field(ge=1)
    columns: int = Field(ge=1)
    fieldCharacters: int = Field(ge=1)


class _Custom(_Part):
    """All custom properties at the top of a contract. Each is described in docs/reference/contracts.md."""

    owner: str = Field(min_length=1)
    captureMethod: CaptureMethod
    surveySample: SurveySample | None = None
    sourceClass: Literal["provider", "council", "pcn", "commissioner", "alliance"]
    coverage: Coverage
    cadence: Literal["daily", "weekly", "monthly", "quarterly", "yearly", "on_change"]
    lagDays: int = Field(ge=0)
    delimiter: Literal[",", ";", "\t", "|"]
    encodings: list[str] = Field(min_length=1)
    headerMatching: Literal["exact", "normalised"]
    organisationColumn: str
    eventColumn: str
    windowColumns: list[str]
    everyDay: str | None = None
    controlTotals: list[str]
    limits: Limits
    containers: list[str] = Field(default=["csv"], min_length=1)
    worksheet: str | None = Field(default=None, min_length=1, max_length=31)
    layouts: dict[str, Layout] = Field(min_length=1)
    senders: dict[str, Sender] = Field(min_length=1)
    crossFieldRules: list[CrossFieldRule]
    references: list[Reference] = []
    historyRules: HistoryRules
    freezeRule: Literal["quarter_end", "year_end", "on_receipt"]
    openlyPublished: bool
    identifyingColumns: list[str]
    identity: Identity | None = None
    lawfulBasis: LawfulBasis
    controllers: list[str] = Field(min_length=1)
    processor: str = Field(min_length=1)
    retention: str = Field(min_length=1)
    dataSharingAgreement: SharingAgreement

    @field_validator("encodings")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        unknown = set(value) - set(ENCODINGS)
        if unknown:
            raise ValueError(f"encodings are among {', '.join(ENCODINGS)}")
        return value

    @field_validator("containers")
    @classmethod
    def _known_containers(cls, value: list[str]) -> list[str]:
        if set(value) - set(CONTAINERS) or len(set(value)) != len(value):
            raise ValueError(f"containers are among {', '.join(CONTAINERS)}, each once")
        return value

    @model_validator(mode="after")
    def _worksheet_of_a_workbook(self) -> _Custom:
        if self.worksheet is not None and "xlsx" not in self.containers:
            raise ValueError("a worksheet is named only where containers list xlsx")
        return self

    @model_validator(mode="after")
    def _survey_says_whom_it_asked(self) -> _Custom:
        if (self.captureMethod.source == "survey") != (self.surveySample is not None):
            raise ValueError("surveySample: a survey has one, and nothing else does")
        return self


# published names: the reference page is compared with these
TOP_PROPERTIES = tuple(_Custom.model_fields)
COLUMN_PROPERTIES = ("nullTokens", "freeText", "decimals", "unit")
_DECIMAL_TYPE = re.compile(r"DECIMAL\(([0-9]{1,2}),([0-9]{1,2})\)")


@dataclass(frozen=True)
class Column:
    """One column of the canonical table."""

    name: str
    kind: str
    required: bool
    minimum: Decimal | date | None
    maximum: Decimal | date | None
    pattern: str | None
    max_length: int | None
    allowed: tuple[str, ...]
    null_tokens: tuple[str, ...]
    free_text: bool
    decimals: int
    precision: int
    scale: int
    description: str = ""
    unit: str | None = None
    examples: tuple[str, ...] = ()

    @property
    def arrow_type(self) -> Any:
        """Type in the lake: int64, date32, text, or DECIMAL as the contract's physicalType says."""
        if self.kind == "integer":
            return pa.int64()
        if self.kind == "date":
            return pa.date32()
        if self.kind == "number":
            return pa.decimal128(self.precision, self.scale)
        return pa.string()


@dataclass(frozen=True)
class Contract:
    """A data contract as intake uses it. `hash` is over its content, not its comments.

    words: what the contract says to readers: `purpose`, `usage`, `limitations`, and `row`, what a row is.
    """

    feed: str
    version: str
    hash: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    custom: _Custom
    status: str = "active"
    words: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def source_class(self) -> str:
        """Class of sender (provider, council, pcn, commissioner, alliance)."""
        return self.custom.sourceClass

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> Any:
        """Arrow schema of a conformed submission: `row_number`, then the canonical columns."""
        return pa.schema(
            [pa.field("row_number", pa.int64(), nullable=False)]
            + [pa.field(column.name, column.arrow_type) for column in self.columns]
        )

    @property
    def stored_columns(self) -> tuple[str, ...]:
        """Columns inside a lake file: what a partition key already says, and identity, stay out."""
        left_out = {*LAKE_KEYS, self.custom.organisationColumn, *self.custom.identifyingColumns}
        return ("row_number", *(name for name in self.column_names if name not in left_out))

    @property
    def identity(self) -> Identity | None:
        """How the feed names people; None for a feed about no person."""
        return self.custom.identity

    @property
    def judged_columns(self) -> tuple[str, ...]:
        """Columns that are left once identity is done: what expectations, lake and reports may see."""
        return tuple(name for name in self.column_names if name not in self.custom.identifyingColumns)

    def is_clear(self, layout: Layout) -> bool:
        """Whether a layout carries identifiers instead of tokens."""
        return any(name not in layout.absent for name in self.custom.identifyingColumns)

    def layout_names(self, layout: Layout) -> dict[str, str]:
        """Canonical name -> the sender's column name, without the columns the layout never sends."""
        return {name: layout.columns.get(name, name) for name in self.column_names if name not in layout.absent}

    def layout_of(self, organisation: str) -> Layout | None:
        """Layout of a sender; None if the contract does not list it."""
        sender = self.custom.senders.get(organisation)
        return self.custom.layouts[sender.layout] if sender else None

    def delivery_period(self, day: date) -> Period:
        """The period holding a day that one delivery is due for, by the contract's cadence.

        No requirement is finer than a month. Where a feed is sent whenever it changes, each month has to be covered
        too: nobody else can say that nothing changed.
        """
        if self.custom.cadence == "quarterly":
            return quarter_of(day)
        return financial_year_of(day) if self.custom.cadence == "yearly" else month_of(day)

    def due_on(self, last_day: date) -> date:
        """Last day on which a delivery that covers days up to `last_day` is in time."""
        return last_day + timedelta(days=self.custom.lagDays)

    def provisional_until(self, last_day: date) -> date:
        """Last day on which figures about a date may still change without a restatement."""
        if self.custom.freezeRule == "on_receipt":
            return date.min
        period = quarter_of(last_day) if self.custom.freezeRule == "quarter_end" else financial_year_of(last_day)
        return period.end + timedelta(days=self.custom.lagDays)

    def agreement_of(self, organisation: str) -> SharingAgreement:
        """Data-sharing agreement that binds a sender: its own, else the contract's."""
        sender = self.custom.senders.get(organisation)
        return (sender.dataSharingAgreement if sender else None) or self.custom.dataSharingAgreement


class _UniqueKeyLoader(yaml.CSafeLoader):
    """Safe YAML that refuses a key given twice: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.YAMLError(f"the key {twice[0]} is given twice (line {node.start_mark.line + 1})")
        return super().construct_mapping(node, deep)


def _explain(error: ValidationError) -> str:
    """The first problems of a contract, each with its place."""
    problems = []
    for item in error.errors()[:5]:
        place = ".".join(str(part) for part in item["loc"]) or "contract"
        problems.append(f"{place}: {item['msg']}")
    return "; ".join(problems)


def _bound(kind: str, value: int | str | None) -> Decimal | date | None:
    if value is None:
        return None
    if kind == "date":
        return date.fromisoformat(str(value))
    return Decimal(value)


def _column(item: _Property) -> Column:
    custom = {entry.property: entry.value for entry in item.customProperties}
    unknown = set(custom) - set(COLUMN_PROPERTIES)
    if unknown:
        raise ValueError(f"{item.name}: unknown custom property {', '.join(sorted(unknown))}")
    precision, scale = 0, 0
    if item.logicalType == "number":
        matched = _DECIMAL_TYPE.fullmatch(item.physicalType or "")
        if matched is None:
            raise ValueError(f"{item.name}: a number needs physicalType DECIMAL(precision,scale)")
        precision, scale = int(matched[1]), int(matched[2])
    allowed: tuple[str, ...] = ()
    for rule in item.quality:
        if rule.metric == "invalidValues":
            values = (rule.arguments or {}).get("validValues")
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values) or rule.mustBe != 0:
                raise ValueError(f"{item.name}: invalidValues needs validValues (a list of text) and mustBe 0")
            allowed = tuple(values)
        elif rule.type == "library":
            raise ValueError(f"{item.name}: the quality metric {rule.metric} is not enforced; declare it as text")
    options = item.logicalTypeOptions
    if options.pattern is not None:
        re.compile(options.pattern)
    tokens = custom.get("nullTokens", [])
    decimals = custom.get("decimals", scale)
    if not isinstance(decimals, int) or not 0 <= decimals <= scale:
        raise ValueError(f"{item.name}: decimals lie between 0 and the scale of physicalType")
    return Column(
        name=item.name,
        kind=item.logicalType,
        required=item.required or item.primaryKey,
        minimum=_bound(item.logicalType, options.minimum),
        maximum=_bound(item.logicalType, options.maximum),
        pattern=options.pattern,
        max_length=options.maxLength,
        allowed=allowed,
        null_tokens=tuple(str(token) for token in tokens),
        free_text=bool(custom.get("freeText", False)),
        decimals=decimals,
        precision=precision,
        scale=scale,
        description=item.description,
        unit=custom.get("unit"),
        examples=tuple(item.examples),
    )


def _check_names(contract: Contract) -> None:
    """Every column a custom property names must exist; every sender's layout too."""
    custom, known = contract.custom, set(contract.column_names)
    named: dict[str, set[str]] = {
        "organisationColumn": {custom.organisationColumn},
        "eventColumn": {custom.eventColumn},
        "windowColumns": set(custom.windowColumns),
        "everyDay": {custom.everyDay} if custom.everyDay else set(),
        "controlTotals": set(custom.controlTotals),
        "identifyingColumns": set(custom.identifyingColumns),
        "historyRules": set(custom.historyRules.medianRatio),
    }
    if custom.surveySample is not None:
        named["surveySample"] = {custom.surveySample.statusColumn}
    for rule in custom.crossFieldRules:
        named[f"crossFieldRules.{rule.id}"] = rule.names()
    for reference in custom.references:
        named[f"references.{reference.id}"] = {reference.column} | ({reference.to} if reference.feed is None else set())
        if {reference.column, reference.to} & set(custom.identifyingColumns):
            raise ValueError(f"references.{reference.id}: no rule may look at an identifier")
    for name, layout in custom.layouts.items():
        named[f"layouts.{name}"] = {
            *layout.columns,
            *layout.aliases,
            *layout.absent,
            *layout.expects,
            *layout.codes,
            *layout.units,
        }
        made_here = MADE_OF if contract.is_clear(layout) else {}
        missing = [
            column.name
            for column in contract.columns
            if column.required and column.name in layout.absent and column.name not in made_here
        ]
        if missing:
            raise ValueError(f"layouts.{name}: the required column {missing[0]} cannot be absent")
        sent = list(contract.layout_names(layout).values())
        if len(set(sent)) != len(sent):
            raise ValueError(f"layouts.{name}: two columns have the same name")
    for place, names in named.items():
        unknown = sorted(names - known)
        if unknown:
            raise ValueError(f"{place}: there is no column {unknown[0]}")
    event = contract.by_name[custom.eventColumn]
    if not (event.kind == "date" or event.pattern == _MONTH_PATTERN) or not event.required:
        raise ValueError("eventColumn: a required date, or text with the pattern of a month")
    for organisation, sender in custom.senders.items():
        if not ORGANISATION.fullmatch(organisation):
            raise ValueError(f"senders: '{organisation}' cannot be an organisation code")
        if sender.layout not in custom.layouts:
            raise ValueError(f"senders.{organisation}: there is no layout {sender.layout}")
    for name in ("feed", "submission"):
        if name in known:
            raise ValueError(f"schema: the column {name} would be hidden by the lake's folder of that name")
    if "organisation" in known and custom.organisationColumn != "organisation":
        raise ValueError("schema: a column called organisation must be the organisationColumn")
    if "month" in known and custom.eventColumn != "month":
        raise ValueError("schema: a column called month must be the eventColumn")
    if not contract.key:
        raise ValueError("schema: no primary key")


def _check_crosswalks(contract: Contract) -> None:
    """Codes are mapped to codes of the contract, units of amounts; nothing that names a row or a person is mapped."""
    custom = contract.custom
    fixed = {custom.organisationColumn, custom.eventColumn, *custom.identifyingColumns, *MADE_OF, *contract.key}
    for label, layout in custom.layouts.items():
        for name, mapped in layout.codes.items():
            place = f"layouts.{label}.codes.{name}"
            column = contract.by_name.get(name)
            if column is None or not column.allowed or name in layout.absent:
                raise ValueError(f"{place}: a crosswalk needs a column with codes that the layout sends")
            if name in fixed - set(contract.key):
                raise ValueError(f"{place}: what says whose or when a row is cannot be mapped")
            unknown = sorted(set(mapped.values()) - set(column.allowed))
            if unknown or not mapped:
                raise ValueError(f"{place}: {unknown[0] if unknown else 'nothing'} is not a code of the contract")
        for name in layout.units:
            column = contract.by_name.get(name)
            if column is None or column.kind not in ("integer", "number") or name in layout.absent:
                raise ValueError(
                    f"layouts.{label}.units.{name}: a unit needs a column of figures that the layout sends"
                )
            if column.unit is None:
                raise ValueError(f"layouts.{label}.units.{name}: the contract gives the column no unit")
            if name in fixed:
                raise ValueError(f"layouts.{label}.units.{name}: a key or date cannot be converted")


def _check_examples(contract: Contract) -> None:
    """An example keeps the rules of its own column."""
    for column in contract.columns:
        for text in column.examples:
            wrong = (
                column.name in contract.custom.identifyingColumns
                or (column.allowed and text not in column.allowed)
                or (column.pattern is not None and re.search(column.pattern, text) is None)
                or (column.max_length is not None and len(text) > column.max_length)
            )
            if column.kind in ("integer", "number") and not wrong:
                value = Decimal(text)
                wrong = any(
                    limit is not None and not fits
                    for limit, fits in (
                        (column.minimum, column.minimum is None or value >= column.minimum),  # type: ignore[operator]
                        (column.maximum, column.maximum is None or value <= column.maximum),  # type: ignore[operator]
                    )
                )
            if wrong:
                raise ValueError(f"{column.name}: an example breaks the column's own rules")


def parse_contract(data: bytes, source: str) -> Contract:
    """The contract in YAML bytes. Refused with the place of each problem if it is not complete."""
    mend = "correct the contract; docs/reference/contracts.md lists every property."
    try:
        raw = yaml.load(data, Loader=_UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
        if not isinstance(raw, dict):
            raise ValueError("it is not a mapping")
        document = _Document.model_validate(raw)
        entries = document.customProperties
        names = [entry.property for entry in entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"customProperties: {twice[0]} is given twice")
        custom = _Custom.model_validate({entry.property: entry.value for entry in entries})
        table = document.schema_[0]
        if table.name != document.name or not _FEED.fullmatch(table.name):
            raise ValueError("name and schema name are the feed's name, in lower case")
        columns = tuple(_column(item) for item in table.properties)
        if len({column.name for column in columns}) != len(columns):
            raise ValueError("schema: two columns have the same name")
        keyed = sorted(
            (item for item in table.properties if item.primaryKey), key=lambda item: item.primaryKeyPosition or 0
        )
        contract = Contract(
            feed=table.name,
            version=document.version,
            hash=content_id(raw),
            columns=columns,
            key=tuple(item.name for item in keyed),
            custom=custom,
            status=document.status,
            words={**document.description, "row": table.description or ""},
        )
        _check_names(contract)
        _check_crosswalks(contract)
        _check_examples(contract)
        check_identity(contract, {item.name for item in table.properties if item.classification == "identifying"})
    except ValidationError as error:
        raise Refused(f"the data contract {source} is not valid: {_explain(error)}.", mend) from None
    except (ValueError, TypeError, re.error, yaml.YAMLError) as error:
        raise Refused(f"the data contract {source} is not valid: {error}.", mend) from None
    return contract


def load_contract(path: Path) -> Contract:
    """The contract in a file, or the one supplied here for a feed of that name; WrongUsage if there is none."""
    ours = CONTRACTS / f"{path}.yaml"
    if path.name == str(path) and not path.exists() and ours.is_file():
        path = ours
    try:
        data = path.read_bytes()
    except OSError:
        raise WrongUsage(
            f"the data contract {path} cannot be read.", "give the path of a contract's YAML, or the name of a feed."
        ) from None
    return parse_contract(data, path.name)


def load_contracts(folder: Path = CONTRACTS) -> dict[str, Contract]:
    """Every contract of a folder by feed."""
    found: dict[str, Contract] = {}
    for path in sorted(folder.glob("*.yaml")):
        contract = load_contract(path)
        if contract.feed in found or path.stem != contract.feed:
            raise Refused(f"{path.name} does not hold the contract of the feed it is named for.", "rename one of them.")
        found[contract.feed] = contract
    if not found:
        raise WrongUsage(f"there are no data contracts in {folder}.", "give the folder that holds them.")
    return found
