"""Segments and target groups: rules that say who belongs to a group of people on a day, for the warehouse to look up.

Belongs here: the rules in words and as data (`segments/*.yaml`, `targets/*.yaml`), their versions, what they may say.
Not here: the SQL that looks people up by them (`models/groups`), indicators (`catalogue`).

A rule is a list of alternatives; whoever meets every criterion of one of them belongs to the group. Everything is
looked at as on one day, by the version in force that day. A person has one primary segment, the first by precedence of
those they belong to, and the others as overlays; target groups are for filtering and have no precedence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from foundation.errors import Refused

if TYPE_CHECKING:
    import pyarrow as pa

DIRECTORY = Path(__file__).resolve().parent
SEGMENT, TARGET_GROUP = "segment", "target_group"
# Whoever belongs to no segment: nobody is left out of a sum over primary segments.
EVERYBODY_ELSE = "everybody_else"
_MEND = "docs/explanation/segments.md says what a rule may hold."


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, str_min_length=1)


class Condition(_Given):
    """On the register of one of these conditions in their practice's newest snapshot, so many days old at most."""

    any_of: tuple[Literal["hypertension", "diabetes"], ...] = Field(min_length=1)
    within_days: int = Field(ge=0)


class Diagnosis(_Given):
    """Left a hospital in so many days with a main diagnosis that begins like this (ICD-10 without the point)."""

    any_of: tuple[str, ...] = Field(min_length=1)
    within_days: int = Field(ge=0)

    @model_validator(mode="after")
    def _are_codes(self) -> Diagnosis:
        for code in self.any_of:
            if not (3 <= len(code) <= 4 and code[0].isalpha() and code[0].isupper() and code[1:3].isdigit()):
                raise ValueError(f"'{code}' is no code of ICD-10 without the point, e.g. J44 or Z515")
        return self


class Alternative(_Given):
    """Criteria that must all be met; inside a list any one is enough.

    Ages are whole years on the day, both ends included. `pcn`, `deprivation` and `sex` are those of the spine.
    `service`: receiving one of them on the day. `dies_within_days` looks ahead: who belongs is known once those days
    are over. `segment`: belonging to one of them, primary or not; for target groups alone.
    """

    age_from: int | None = Field(default=None, ge=0, le=120)
    age_to: int | None = Field(default=None, ge=0, le=120)
    sex: tuple[Literal["1", "2", "9"], ...] = ()
    pcn: tuple[str, ...] = ()
    deprivation: tuple[Literal["1", "2", "3", "4", "5", "unknown"], ...] = ()
    condition: Condition | None = None
    diagnosis: Diagnosis | None = None
    service: tuple[Literal["drug_and_alcohol_treatment", "care_home", "reablement"], ...] = ()
    dies_within_days: int | None = Field(default=None, ge=0, le=3660)
    segment: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _say_something(self) -> Alternative:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("an alternative without a criterion would hold everybody")
        if self.age_from is not None and self.age_to is not None and self.age_from > self.age_to:
            raise ValueError(f"nobody is {self.age_from} or older and {self.age_to} or younger")
        return self

    def criteria(self) -> list[dict[str, Any]]:
        """One dict per criterion and value it may have, the criteria numbered from 1; each says who the person must be
        besides. An alternative that asks for nothing else is one dict with the fact `person` and no criteria."""
        lists = {"sexes": self.sex, "networks": self.pcn, "fifths": self.deprivation}
        person: dict[str, Any] = {name: " ".join(values) or None for name, values in lists.items()}
        person |= {"age_from": self.age_from, "age_to": self.age_to}
        found: list[list[dict[str, Any]]] = []
        for fact, given in (("condition", self.condition), ("diagnosis", self.diagnosis)):
            if given is not None:
                found.append([{"fact": fact, "value": v, "within_days": given.within_days} for v in given.any_of])
        if self.service:
            found.append([{"fact": "service", "value": v, "within_days": 0} for v in self.service])
        if self.dies_within_days is not None:
            found.append([{"fact": "death", "value": "any", "within_days": self.dies_within_days}])
        if self.segment:
            found.append([{"fact": SEGMENT, "value": v, "within_days": 0} for v in self.segment])
        if not found:
            return [{"criterion": 0, "criteria": 0, "fact": "person", **person}]
        return [
            {"criterion": number, "criteria": len(found), **row, **person}
            for number, rows in enumerate(found, start=1)
            for row in rows
        ]


class Version(_Given):
    """What a group was from one day until the next version's."""

    version: int = Field(ge=1)
    effective_from: date
    why: str
    any_of: tuple[Alternative, ...] = Field(min_length=1)


class _Group(_Given):
    name: str
    definition: str
    caveat: str
    owner: str
    # Fewer people or events than these and the group says nothing by itself.
    least_people: int = Field(ge=1)
    least_events: int = Field(ge=1)
    versions: tuple[Version, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _versions_follow(self) -> _Group:
        days = [one.effective_from for one in self.versions]
        if [one.version for one in self.versions] != list(range(1, len(days) + 1)) or days != sorted(set(days)):
            raise ValueError("versions: they are numbered from 1 and begin one after the other")
        return self


class Segment(_Group):
    """A segment: of those a person belongs to, the one with the lowest precedence is primary."""

    segment_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    precedence: int = Field(ge=1)

    @model_validator(mode="after")
    def _stand_alone(self) -> Segment:
        if self.segment_id == EVERYBODY_ELSE:
            raise ValueError(f"segment_id: {EVERYBODY_ELSE} is the name of those in no segment")
        if any(alternative.segment for one in self.versions for alternative in one.any_of):
            raise ValueError("versions: a segment is not made of segments; that is what target groups are for")
        return self


class TargetGroup(_Group):
    """A named group to filter by."""

    group_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Groups:
    """Segments in the order of precedence, target groups in the order of their ids."""

    segments: tuple[Segment, ...]
    target_groups: tuple[TargetGroup, ...]

    def target_group(self, group_id: str) -> TargetGroup:
        """A target group by its id. Refused when no rule defines it."""
        for one in self.target_groups:
            if one.group_id == group_id:
                return one
        known = ", ".join(one.group_id for one in self.target_groups) or "none"
        raise Refused(f"there is no target group '{group_id}'; defined are: {known}.", _MEND)


_Kind = TypeVar("_Kind", Segment, TargetGroup)


def _load(path: Path, kind: type[_Kind], key: str) -> _Kind:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        where = str(error).replace("\n", " ")
        raise Refused(f"{path.name} cannot be read as YAML: {where}.", _MEND) from error
    try:
        found = kind.model_validate(content)
    except ValidationError as error:
        problems = sorted(
            f"field {'.'.join(str(part) for part in item['loc']) or '(whole file)'}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise Refused(f"{path.name} does not hold: {'; '.join(problems)}.", _MEND) from error
    if getattr(found, key) != path.stem:
        raise Refused(
            f"{path.name}, field {key}: it says '{getattr(found, key)}'.", "name the file after the group it defines."
        )
    return found


def load_groups(directory: Path = DIRECTORY) -> Groups:
    """The segments and target groups of a folder.

    Refused when a rule is incomplete, two segments have one precedence, there is no segment, or a target group names a
    segment nobody has defined.
    """
    segments = [_load(path, Segment, "segment_id") for path in sorted((directory / "segments").glob("*.yaml"))]
    targets = [_load(path, TargetGroup, "group_id") for path in sorted((directory / "targets").glob("*.yaml"))]
    if not segments:
        raise Refused(f"{directory / 'segments'} holds no segment.", "point to a folder with one YAML file a segment.")
    places = [one.precedence for one in segments]
    if len(set(places)) != len(places):
        raise Refused(
            "two segments have the same precedence: a person in both would have no primary one.",
            "give every segment a precedence of its own.",
        )
    known = {one.segment_id for one in segments}
    for target in targets:
        named = {name for one in target.versions for alternative in one.any_of for name in alternative.segment}
        if named - known:
            raise Refused(
                f"target group {target.group_id} names {', '.join(sorted(named - known))}, which is no segment.",
                f"defined are {', '.join(sorted(known))}; correct the name or add the segment.",
            )
    return Groups(tuple(sorted(segments, key=lambda one: one.precedence)), tuple(targets))


# Columns of source run.group_rules, in order; the columns that are whole numbers, and those that are days.
COLUMNS = (
    "group_kind", "group_id", "name", "precedence", "version", "effective_from", "effective_to", "alternative",
    "criteria", "criterion", "fact", "value", "within_days", "age_from", "age_to", "sexes", "networks", "fifths",
    "least_people", "least_events",
)  # fmt: skip
_NUMBERS = {
    "precedence", "version", "alternative", "criteria", "criterion", "within_days", "age_from", "age_to",
    "least_people", "least_events",
}  # fmt: skip
_DAYS = {"effective_from", "effective_to"}


def _rows(kind: str, group_id: str, group: Segment | TargetGroup) -> Iterable[dict[str, Any]]:
    ends = [later.effective_from - timedelta(days=1) for later in group.versions[1:]]
    for version, end in zip(group.versions, [*ends, None], strict=True):
        for number, alternative in enumerate(version.any_of, start=1):
            for criterion in alternative.criteria():
                yield {
                    **dict.fromkeys(COLUMNS),
                    "group_kind": kind,
                    "group_id": group_id,
                    "name": group.name,
                    "precedence": getattr(group, "precedence", None),
                    "version": version.version,
                    "effective_from": version.effective_from,
                    "effective_to": end,
                    "alternative": number,
                    "least_people": group.least_people,
                    "least_events": group.least_events,
                    **criterion,
                }


def group_rules_table(groups: Groups | None = None) -> pa.Table:
    """Source run.group_rules: one row per group, version, alternative, criterion and value it may have.

    `criteria` is how many criteria the alternative has besides who the person is; days are both included.
    """
    import pyarrow as pa

    given = load_groups() if groups is None else groups
    rows = [row for one in given.segments for row in _rows(SEGMENT, one.segment_id, one)]
    rows += [row for one in given.target_groups for row in _rows(TARGET_GROUP, one.group_id, one)]
    types = {**dict.fromkeys(_NUMBERS, pa.int64()), **dict.fromkeys(_DAYS, pa.date32())}
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS]))
