"""The indicator catalogue: one YAML file per indicator, read, linted and handed to the warehouse.

Belongs here: definitions in words, their version, precision, limits and control-chart settings, and the hash that
locks them. Not here: the SQL that computes them (`models/indicators`) and the levels an agreement scores them by.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from foundation.canonical import content_id
from foundation.errors import Refused

if TYPE_CHECKING:
    import pyarrow as pa

DIRECTORY = Path(__file__).resolve().parent
# Beside the definitions: what every version of each has counted, and the former versions themselves.
LOCK, HISTORY = "versions.json", "history"
# How many breaks the warehouse looks for in a series (macro series_part).
MOST_CHANGES = 9
# The feed that carries figures, or counts of local indicators, under codes.
RETURN = "aggregate_kpi_return"
# Feeds whose rows are figures already: everything else is counted from people.
AGGREGATE_FEEDS = frozenset({"daily_discharge_return", RETURN})
# What can be made of the counts of a return, months added up.
RETURNED_STATISTICS = ("proportion", "ratio_of_sums")
# Statistics whose denominator is a time at risk, and those whose denominator holds the numerator.
RATES, PROPORTIONS = ("crude_rate", "dsr"), ("proportion", "maintained_proportion")
# A word for some of the people or events of a family.
_WORD = r"[a-z][a-z0-9_]*"
_DIRECTIONS = {"low": "decrease", "high": "increase", "neutral": "neutral"}
# How each publisher writes its ids. A collection is a national series without ids: its name in our own letters.
_REFERENCE_IDS = {
    "fingertips": r"[0-9]{3,6}",
    "phof": r"[A-E][0-9]{2}[a-z]?",
    "ascof": r"[0-9][A-Z][0-9]?",
    "nhsof": r"[0-9]\.[0-9](\.[ivx]+)?",
    "qof": r"[A-Z]{2,6}[0-9]{3}",
    "cvdprevent": r"CVDP[0-9]{3}[A-Z]+",
    "bcf": r"[0-9]{4}-[0-9]{2}:[a-z0-9_]+",
    "network_contract": r"[A-Z]{2,6}[0-9]{2,3}",
    "collection": r"[a-z][a-z0-9_]*",
}
# What to write into a field that is missing, where its name does not say it.
_HINTS = {
    "metric": "the measured figure in one phrase, e.g. 'Percent of quit dates that led to a quit'",
    "measurement_window": "which dates the figure of a period looks at, e.g. 'Quit dates set in the period'",
    "maturity": "from when on a figure may be scored; it names the follow_up_days",
    "population_basis": "resident, registered, caseload or cohort",
    "clinical_reviewer": "the role that reviews a clinical definition; null only for a functional one",
    "references": "national ids as {scheme, id, read}; [] where there is no national counterpart",
    "bridge": "why the local and the national figure differ; null only without references",
}


class Reference(BaseModel):
    """The id under which somebody publishes a national counterpart, and whether its definition was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    scheme: Literal[
        "fingertips", "phof", "ascof", "nhsof", "qof", "cvdprevent", "bcf", "network_contract", "collection",
    ]  # fmt: skip
    id: str
    read: Literal["in_full", "in_part", "not_read"]

    @model_validator(mode="after")
    def _fit_scheme(self) -> Reference:
        if not re.fullmatch(_REFERENCE_IDS[self.scheme], self.id):
            raise ValueError(f"'{self.id}' is no id of {self.scheme}: they look like {_REFERENCE_IDS[self.scheme]}")
        return self

    @property
    def text(self) -> str:
        """`phof:C19a`, as it stands in the published catalogue."""
        return f"{self.scheme}:{self.id}"


class Change(BaseModel):
    """Why a version took the place of the one before, and from which day on it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, str_min_length=1)

    version: int = Field(ge=2)
    effective_from: date
    why: str


class Indicator(BaseModel):
    """One indicator. Every field is part of the definition: changing any of them changes `definition_hash`.

    An outcome is served by the indicator, which is measured by its metric. `references` name the national counterparts,
    `bridge` says why the local figure differs from them.
    `changes` has one entry for every version after the first. A former version with `dual_running` is counted beside
    the one in force, as an indicator of its own.
    `max_missing_pct` is in percent of the covered days; `spc_fix_after` counts monthly points. `feeds` are those a
    figure is counted from, `follow_up_days` how long after a period its events are watched, `breakdowns` what it is
    divided by beside the area as a whole, `multiplier` what a share or rate is expressed per.
    `look_back_days` before the first day of a period the `look_back_feeds` are read as well. `allowance_days` after the
    follow-up the `allowance_feeds` must still cover, for the `allowance_reason`: what the follow-up asks about may be
    sent that much later. `events_repeat`: one person has several, so that they are not independent of each other and no
    funnel that takes them for it judges a network. `by_last_day`: the figure follows from the last day of its period
    alone, such as a waiting list, so that periods that end together have one and the same figure.
    `family` names those that count the same people, `numerator_counts` and `denominator_counts` which of the family's
    people each part counts, in words that no two of them overlap in; `family_lead` is the one whose groups are shown
    first. `apart_because` says why there is no family, `case_values` the least and the most one case adds to a mean.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, str_min_length=1)

    # What decides a figure or how it is printed. The other fields may be put better without a new version.
    COUNTING: ClassVar[tuple[str, ...]] = (
        "metric", "definition", "numerator_definition", "denominator_definition", "exclusions", "statistic", "unit",
        "polarity", "value_decimals", "population_basis", "measurement_window", "follow_up_window", "interval",
        "max_missing_pct", "feeds", "follow_up_days", "period_kinds", "breakdowns", "multiplier", "local_or_national",
    )  # fmt: skip
    # The same, of the few that have them: in the hash only where they say something.
    COUNTING_SOME: ClassVar[tuple[str, ...]] = (
        "look_back_days", "look_back_feeds", "allowance_days", "allowance_feeds", "events_repeat",
    )  # fmt: skip

    indicator_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    name: str
    outcome: str
    metric: str
    definition: str
    numerator_definition: str
    denominator_definition: str
    exclusions: str
    statistic: Literal[
        "census_mean", "ratio_of_sums", "proportion", "published_percentage",
        "maintained_proportion", "share_of_events", "crude_rate", "dsr", "mean", "median",
    ]  # fmt: skip
    unit: str
    polarity: Literal["low", "high", "neutral"]
    value_decimals: int = Field(ge=0, le=9)
    kind: Literal["outcome", "process", "output"]
    domain: str
    clinical_or_functional: Literal["clinical", "functional"]
    local_or_national: Literal["local", "national"]
    population_basis: Literal["resident", "registered", "caseload", "cohort"]
    lag: str
    follow_up_window: str
    measurement_window: str
    maturity: str
    capture_method: str
    owner: str
    clinical_reviewer: str | None
    source: str
    references: tuple[Reference, ...]
    bridge: str | None
    caveat: str
    interval: str
    effective_from: date
    max_missing_pct: Decimal = Field(ge=0, le=100, max_digits=5, decimal_places=2)
    spc_fix_after: int | None = Field(ge=2)
    spc_screen_outliers: bool
    feeds: tuple[str, ...] = Field(min_length=1)
    follow_up_days: int = Field(ge=0)
    period_kinds: tuple[Literal["month", "quarter", "year", "rolling_year"], ...] = Field(min_length=1)
    breakdowns: tuple[Literal["pcn", "deprivation", "age"], ...]
    multiplier: int = Field(ge=1)
    look_back_days: int = Field(default=0, ge=0)
    look_back_feeds: tuple[str, ...] = ()
    allowance_days: int = Field(default=0, ge=0)
    allowance_feeds: tuple[str, ...] = ()
    allowance_reason: str | None = None
    events_repeat: bool = False
    by_last_day: bool = False
    family: str | None = Field(default=None, pattern=rf"^{_WORD}$")
    family_lead: bool = False
    numerator_counts: tuple[str, ...] = ()
    denominator_counts: tuple[str, ...] = ()
    apart_because: str | None = None
    case_values: tuple[int, ...] = Field(default=(), max_length=2)
    changes: tuple[Change, ...] = ()
    dual_running: bool = False

    @field_validator("max_missing_pct", mode="before")
    @classmethod
    def _refuse_float(cls, value: Any) -> Any:
        if isinstance(value, float):
            raise ValueError('write a limit in quotes, e.g. "10.00": a binary fraction has no exact written form')
        return value

    @field_validator(
        "feeds", "period_kinds", "breakdowns", "references", "look_back_feeds", "allowance_feeds", "numerator_counts",
        "denominator_counts",
    )  # fmt: skip
    @classmethod
    def _refuse_twice(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(value)) != len(value):
            raise ValueError("an entry stands there twice")
        return value

    @model_validator(mode="after")
    def _agree_with_itself(self) -> Indicator:
        problems = []
        if self.clinical_or_functional == "clinical" and self.clinical_reviewer is None:
            problems.append("clinical_reviewer: a clinical definition needs one; name the role that reviewed it")
        if self.clinical_reviewer == self.owner:
            problems.append("clinical_reviewer: the owner cannot review their own definition; name another role")
        if self.local_or_national == "national" and not self.references:
            problems.append("references: a national definition needs the id it is published under")
        if self.references and self.bridge is None:
            problems.append("bridge: say why the local figure differs from the national one it refers to")
        if self.bridge is not None and not self.references:
            problems.append("bridge: name the national figure it leads to under references, or write null")
        if self.follow_up_days and str(self.follow_up_days) not in self.maturity:
            problems.append(f"maturity: a figure is mature after {self.follow_up_days} follow_up_days; name them")
        problems += self._problems_around() + self._last_day_problems()
        days = [change.effective_from for change in self.changes]
        if [change.version for change in self.changes] != list(range(2, self.version + 1)):
            problems.append(
                f"changes: version {self.version} needs an entry for each of the versions 2 to {self.version}"
            )
        elif days != sorted(set(days)) or (days and days[-1] != self.effective_from):
            problems.append("changes: their days must rise and end with effective_from")
        elif len(days) > MOST_CHANGES:
            problems.append(f"changes: at most {MOST_CHANGES}; give what has become something else an id of its own")
        around = self.follow_up_days or self.look_back_days
        if RETURN in self.feeds and (len(self.feeds) > 1 or self.breakdowns or around):
            problems.append(f"feeds: what {RETURN} carries stands alone, without other feeds, breakdowns or follow-up")
        problems += self._family_problems()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems_around(self) -> list[str]:
        """What does not fit together in the days before a period and after its follow-up."""
        problems = []
        for name, days, feeds, said_in in (
            ("look_back", self.look_back_days, self.look_back_feeds, "measurement_window"),
            ("allowance", self.allowance_days, self.allowance_feeds, "maturity"),
        ):
            if bool(days) != bool(feeds):
                problems.append(f"{name}_feeds: name the feeds the {name}_days are for, or leave both out")
            elif not set(feeds) <= set(self.feeds):
                unknown = " ".join(sorted(set(feeds) - set(self.feeds)))
                problems.append(f"{name}_feeds: {unknown} is not among its feeds")
            if days and str(days) not in getattr(self, said_in):
                problems.append(f"{said_in}: name the {days} {name}_days")
        if bool(self.allowance_days) != (self.allowance_reason is not None):
            problems.append("allowance_reason: say why the allowance_days are needed, or leave both out")
        if self.allowance_days and not self.follow_up_days:
            problems.append("allowance_days: they come after a follow-up, and nothing is followed up")
        return problems

    def _last_day_problems(self) -> list[str]:
        """What is wrong with whether a figure follows from the last day of its period alone."""
        said = "last day of the" in self.measurement_window
        if self.by_last_day and (self.statistic in (*RATES, "census_mean") or RETURN in self.feeds):
            return [f"by_last_day: {self.statistic} of these feeds is made of a whole period; leave it out"]
        if self.by_last_day and not said:
            return ["measurement_window: say that by_last_day it looks at the last day of the period"]
        if said and not self.by_last_day and RETURN not in self.feeds:
            return [
                "by_last_day: measurement_window speaks of the last day of the period; write true where the figure "
                "follows from that day whatever the period, or put the window otherwise"
            ]
        return []

    def _family_problems(self) -> list[str]:
        """What is wrong with what an indicator says of its family and of its cases."""
        problems = []
        top, bottom = set(self.numerator_counts), set(self.denominator_counts)
        strays = sorted(word for word in top | bottom if not re.fullmatch(_WORD, word))
        if strays:
            problems.append(f"numerator_counts, denominator_counts: words like {_WORD}, not {', '.join(strays)}")
        if self.family is None and (top or bottom or self.family_lead):
            problems.append("family: name the family whose people numerator_counts and denominator_counts speak of")
        if self.family is not None and self.apart_because is not None:
            problems.append("apart_because: it has a family; take one of the two out")
        if self.statistic in PROPORTIONS and top and not top < bottom:
            problems.append("numerator_counts: a part of denominator_counts, and not all of them")
        if self.statistic in RATES and bottom:
            problems.append("denominator_counts: a rate's denominator is time at risk, not people; leave it out")
        if self.statistic not in (*RATES, *PROPORTIONS) and top:
            problems.append(f"numerator_counts: the numerator of a {self.statistic} is no number of people")
        if (self.statistic == "mean") != bool(self.case_values):
            problems.append("case_values: the least and, where there is one, the most that a case adds to a mean")
        elif self.case_values != tuple(sorted(set(self.case_values))) or any(end < 0 for end in self.case_values):
            problems.append("case_values: one or two whole numbers, not below 0, the least first")
        return problems

    @property
    def beside(self) -> Indicator:
        """This former version as the indicator of its own that it is while another is in force, in its family."""
        return self.model_copy(
            update={
                "indicator_id": f"{self.indicator_id}_v{self.version}",
                "name": f"{self.name} (version {self.version}, former definition)",
                "family": self.family or self.indicator_id,
                "family_lead": False,
            }
        )

    @property
    def person_level(self) -> bool:
        """Whether it is counted from rows about people or practices, and not from figures that arrive by the day."""
        return not set(self.feeds) <= AGGREGATE_FEEDS

    @property
    def counting_hash(self) -> str:
        """Hex SHA-256 of what decides a figure: what the lock holds for a version."""
        said = self.model_dump(mode="json")
        counted = {name: said[name] for name in (*self.COUNTING, *(name for name in self.COUNTING_SOME if said[name]))}
        if self.local_or_national == "local":
            # places have locks of local definitions that were written before this word was held to its version
            del counted["local_or_national"]
        return content_id(counted)

    def days_around(self, feed: str) -> tuple[int, int]:
        """How many days before a period's first day and after its last one a figure needs that feed."""
        before = self.look_back_days if feed in self.look_back_feeds else 0
        return before, self.follow_up_days + (self.allowance_days if feed in self.allowance_feeds else 0)

    @property
    def breaks(self) -> tuple[date, ...]:
        """First days of every version after the first: where a series may change for no other reason."""
        return tuple(change.effective_from for change in self.changes)

    @property
    def returned(self) -> bool:
        """Whether it is counted from an aggregate return by configuration alone, without a model of its own."""
        return self.feeds == (RETURN,) and self.statistic in RETURNED_STATISTICS

    @property
    def improvement_direction(self) -> str:
        """Direction of improvement in the words of statistical process control."""
        return _DIRECTIONS[self.polarity]

    @property
    def definition_hash(self) -> str:
        """Hex SHA-256 of the whole definition: what terms lock and a baseline is compared with."""
        return content_id(self.model_dump())

    def row(self) -> dict[str, Any]:
        """The row of source run.indicator_catalogue: text, int, bool, the limit as a Decimal with two decimals.

        Feeds, period kinds, breakdowns and references are one text each, words separated by spaces; feeds have a
        table of their own besides.
        """
        row: dict[str, Any] = {name: getattr(self, name) for name in COLUMNS}
        row["max_missing_pct"] = self.max_missing_pct.quantize(Decimal("0.01"))
        row["period_kinds"] = " ".join(self.period_kinds)
        row["breakdowns"] = " ".join(self.breakdowns)
        row["feeds"] = " ".join(self.feeds)
        row["breaks"] = " ".join(day.isoformat() for day in self.breaks)
        row["reference_ids"] = " ".join(self.reference_ids)
        row["numerator_counts"] = " ".join(self.numerator_counts)
        row["denominator_counts"] = " ".join(self.denominator_counts)
        row["case_values"] = " ".join(str(end) for end in self.case_values)
        return row

    @property
    def reference_ids(self) -> tuple[str, ...]:
        """`phof:C19a` and so on, in the definition's order."""
        return tuple(one.text for one in self.references)


# Columns of source run.indicator_catalogue, in order.
COLUMNS = (
    "indicator_id", "version", "name", "outcome", "definition", "numerator_definition", "denominator_definition",
    "exclusions", "statistic", "unit", "polarity", "value_decimals", "kind", "owner", "source", "caveat",
    "definition_hash", "spc_fix_after", "spc_screen_outliers", "max_missing_pct", "improvement_direction",
    "person_level", "follow_up_days", "period_kinds", "breakdowns", "multiplier", "metric", "domain",
    "clinical_or_functional", "local_or_national", "population_basis", "measurement_window", "follow_up_window",
    "maturity", "lag", "capture_method", "clinical_reviewer", "reference_ids", "bridge", "feeds", "effective_from",
    "breaks", "look_back_days", "allowance_days", "events_repeat", "by_last_day", "family", "family_lead",
    "numerator_counts", "denominator_counts", "case_values",
)  # fmt: skip


def _describe(path: Path, error: ValidationError) -> str:
    problems = [
        f"{path.name}, field {'.'.join(str(part) for part in item['loc']) or '(whole file)'}: {item['msg']}"
        + (f" ({_HINTS[str(item['loc'][0])]})" if item["loc"] and item["loc"][0] in _HINTS else "")
        for item in error.errors(include_input=False, include_url=False)
    ]
    return "; ".join(sorted(problems))


def load_indicator(path: Path, named: str | None = None) -> Indicator:
    """The definition in one YAML file; Refused names the file and the field that is missing or off.

    named: the id it must have, where that is not the file's name.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    mend = "complete the definition as docs/how-to/add-an-indicator.md describes."
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        where = str(error).replace("\n", " ")
        raise Refused(f"{path.name} cannot be read as YAML: {where}.", mend) from error
    if not isinstance(content, dict):
        raise Refused(f"{path.name} holds no definition.", mend)
    try:
        indicator = Indicator.model_validate(content)
    except ValidationError as error:
        raise Refused(f"the catalogue does not hold: {_describe(path, error)}.", mend) from error
    if indicator.indicator_id != (named or path.stem):
        raise Refused(
            f"{path.name}, field indicator_id: it says '{indicator.indicator_id}'.",
            "name the file after the indicator it defines.",
        )
    return indicator


def load_folder(directory: Path) -> list[Indicator]:
    """The definitions in force of a folder, in the order of their ids."""
    found = [load_indicator(path) for path in sorted(directory.glob("*.yaml"))]
    for one in found:
        if one.dual_running:
            raise Refused(
                f"{one.indicator_id} in {directory} is in force, and says dual_running.",
                f"only a former version, in {HISTORY}/, runs beside another; take the field out.",
            )
    return found


def former_of(directory: Path, current: Indicator) -> list[Indicator]:
    """The former versions of an indicator, from the first on. Refused when one is not kept, or not what it is named."""
    found = []
    for version in range(1, current.version):
        path = directory / HISTORY / f"{current.indicator_id}.v{version}.yaml"
        if not path.exists():
            raise Refused(
                f"{current.indicator_id} is at version {current.version}, and its version {version} is not kept.",
                f"keep every former definition, unchanged, as {HISTORY}/{path.name}.",
            )
        former = load_indicator(path, current.indicator_id)
        if former.version != version or former.changes != current.changes[: version - 1]:
            raise Refused(
                f"{HISTORY}/{path.name} is not version {version} as {current.indicator_id}.yaml tells of it.",
                "version and changes of a former definition stay as they were.",
            )
        found.append(former)
    return found


def locked(directory: Path) -> dict[str, dict[str, str]]:
    """Indicator -> version -> hash of what it counts, as written down; empty where nothing is."""
    path = directory / LOCK
    if not path.exists():
        return {}
    try:
        read: dict[str, dict[str, str]] = json.loads(path.read_bytes())
    except ValueError as error:
        raise Refused(
            f"{path.name} cannot be read as JSON.",
            "after a merge, take one side's lock whole and run `python -m dbt_project.catalogue.versions`.",
        ) from error
    return read


def _held_to(directory: Path, one: Indicator) -> None:
    """Refused when a version counts something other than what is written down for it."""
    held = locked(directory).get(one.indicator_id, {}).get(str(one.version))
    if held is None:
        raise Refused(
            f"version {one.version} of {one.indicator_id} is not in {LOCK}.",
            "write it down with `python -m dbt_project.catalogue.versions`.",
        )
    if held != one.counting_hash:
        raise Refused(
            f"the definition of {one.indicator_id} was changed, and is still version {one.version}.",
            f"keep the former one as {HISTORY}/{one.indicator_id}.v{one.version}.yaml, give the changed one the next "
            "version with an entry under changes, then run `python -m dbt_project.catalogue.versions`.",
        )


def running(directory: Path) -> list[Indicator]:
    """What a folder has counted: its definitions in force, and former versions that run beside them under an id of
    their own (`<id>_v<version>`), in the order of ids. Where the folder has a lock, every version is held to it."""
    found = []
    for one in load_folder(directory):
        versions = former_of(directory, one)
        if (directory / LOCK).exists():
            for version in (*versions, one):
                _held_to(directory, version)
        found += [one, *(version.beside for version in versions if version.dual_running)]
    return sorted(found, key=lambda one: one.indicator_id)


def _families_hold(found: Iterable[Indicator], judged: Iterable[Indicator]) -> None:
    """Refused where an indicator of those judged counts people as another does and says nothing of it, and where a
    family has no lead, several, or a member that shares no count with the others. found: all there are."""
    every = list(found)
    mend = "docs/how-to/add-an-indicator.md, Name its family, says what to write."
    for one in judged:
        like = [
            other.indicator_id for other in every
            if other.indicator_id != one.indicator_id and set(other.feeds) == set(one.feeds)
            and other.population_basis == one.population_basis
        ]  # fmt: skip
        if like and one.family is None and one.apart_because is None:
            raise Refused(
                f"{one.indicator_id} is counted from the feeds and the population of {like[0]}, and says neither "
                "family nor apart_because.",
                mend,
            )
    for name in sorted({one.family for one in every if one.family}):
        # a former version that runs beside its successor needs no other kin
        kin = [one for one in every if one.family == name and one.indicator_id != f"{name}_v{one.version}"]
        if len(kin) < 2:
            continue
        if sum(one.family_lead for one in kin) != 1:
            raise Refused(f"the family {name} needs one member with family_lead, and not more.", mend)
        words = {one.indicator_id: {*one.numerator_counts, *one.denominator_counts} for one in kin}
        for member, mine in sorted(words.items()):
            if mine and not any(mine & others for other, others in words.items() if other != member):
                raise Refused(f"{member} shares no count with another member of the family {name}.", mend)


def load_catalogue(directory: Path = DIRECTORY) -> list[Indicator]:
    """Every indicator of a folder, in the order of their ids. Refused when it holds none, when one is incomplete or was
    changed under the version it had, and when related ones do not say how."""
    found = running(directory)
    if not found:
        raise Refused(f"{directory} holds no indicator.", "point to a folder with one YAML file per indicator.")
    _families_hold(found, found)
    return found


def load_local(directory: Path, known: Iterable[Indicator]) -> list[Indicator]:
    """The indicators a place adds by configuration alone, in the order of ids; none where it has no such folder.

    known: the shared catalogue. Refused where a definition is incomplete, where it is not one that configuration alone
    can count, and where it would replace a shared one.
    """
    if not directory.is_dir():
        return []
    everywhere = list(known)
    shared = {one.indicator_id for one in everywhere}
    found = running(directory)
    for one in found:
        if one.indicator_id in shared:
            raise Refused(
                f"{one.indicator_id} in {directory} is the id of a shared indicator.",
                "give the local one another id: figures under one id must have one definition.",
            )
        if not one.returned or one.local_or_national != "local":
            raise Refused(
                f"{one.indicator_id} in {directory} cannot be counted by its definition alone.",
                f"a place's own indicator is local, has the one feed {RETURN} and the statistic "
                f"{' or '.join(RETURNED_STATISTICS)}; anything else needs a model (docs/how-to/add-an-indicator.md).",
            )
    _families_hold([*everywhere, *found], found)
    return found


def catalogue_rows(indicators: Iterable[Indicator] | None = None) -> list[dict[str, Any]]:
    """The rows of source run.indicator_catalogue, in the order of ids; of the shared catalogue when none are given."""
    given = load_catalogue() if indicators is None else indicators
    return [one.row() for one in sorted(given, key=lambda one: one.indicator_id)]


def catalogue_table(indicators: Iterable[Indicator] | None = None) -> pa.Table:
    """The same rows as an Arrow table with the types the models expect, also where a whole column is blank."""
    import pyarrow as pa

    types: dict[str, pa.DataType] = {
        "version": pa.int64(),
        "value_decimals": pa.int64(),
        "spc_fix_after": pa.int64(),
        "spc_screen_outliers": pa.bool_(),
        "max_missing_pct": pa.decimal128(5, 2),
        "person_level": pa.bool_(),
        "follow_up_days": pa.int64(),
        "look_back_days": pa.int64(),
        "allowance_days": pa.int64(),
        "events_repeat": pa.bool_(),
        "by_last_day": pa.bool_(),
        "multiplier": pa.int64(),
        "effective_from": pa.date32(),
        "family_lead": pa.bool_(),
    }
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    return pa.Table.from_pylist(catalogue_rows(indicators), schema=schema)


def indicator_feeds_table(indicators: Iterable[Indicator] | None = None) -> pa.Table:
    """Source run.indicator_feeds: one row per indicator and feed it is counted from, in the definitions' order.

    days_before and days_after: how many days before a period's first day and after its last one the feed is needed.
    """
    import pyarrow as pa

    given = load_catalogue() if indicators is None else indicators
    rows = [
        {"indicator_id": indicator.indicator_id, "feed": feed, "days_before": before, "days_after": after}
        for indicator in sorted(given, key=lambda one: one.indicator_id)
        for feed in indicator.feeds
        for before, after in (indicator.days_around(feed),)
    ]
    types = {"indicator_id": pa.string(), "feed": pa.string(), "days_before": pa.int64(), "days_after": pa.int64()}
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))
