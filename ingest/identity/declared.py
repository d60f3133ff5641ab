"""What a contract says about identity: the property `identity`, and what makes it safe.

Belongs here: the names of identifiers and tokens, the property's shape, refusing a contract that could let an
identifier through. Not here: the rest of a contract (`ingest.contract`), making tokens (`ingest.identity.tokenise`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from ingest.contract import Column, Contract

# what identifies a person, under the names every contract uses for it
IDENTIFIERS = ("nhs_number", "forename", "surname", "date_of_birth", "postcode", "local_id")
# what stands for a person once the identifiers have stayed behind, and what each is made of
MADE_OF = {
    "person_token": ("nhs_number",),
    "match_token": ("forename", "surname", "date_of_birth"),
    "local_token": ("local_id",),
    "nhs_number_status": ("nhs_number",),
    "birth_month": ("date_of_birth",),
}
# the layout a sender's own extract has before `outturn pseudonymise`
CLEAR_LAYOUT = "clear"


class Identity(BaseModel):
    """How a feed names people. `tokens` are its columns that stand for a person, in no order.

    localIdRule: what a row without a person token becomes when its local token is tied to a number elsewhere in
    the feed: linked like any other, or excluded. linkWhen: rows whose columns have other values are never linked.
    clearJustification: organisation -> why it may send identifiers in clear; nobody else may. keyIds: the keys whose
    tokens are taken; tokens of any other would meet nobody's and lower every figure unseen. invalidNhsNumber: what a
    row becomes whose NHS number is filled in and is none: held back, or kept without a person token and counted.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    linkable: bool
    tokens: list[Literal["person_token", "match_token", "local_token", "nhs_number_status", "birth_month"]]
    local_id_rule: Literal["link", "exclude_when_tied"] = Field(default="link", alias="localIdRule")
    link_when: dict[str, str] = Field(default={}, alias="linkWhen")
    clear_justification: dict[str, str] = Field(default={}, alias="clearJustification")

    key_ids: list[str] = Field(default=["k1"], alias="keyIds", min_length=1)
    invalid_nhs_number: Literal["quarantine", "count"] = Field(default="quarantine", alias="invalidNhsNumber")

    @model_validator(mode="after")
    def _sensible(self) -> Identity:
        if self.linkable != any(name.endswith("_token") for name in self.tokens):
            raise ValueError("a feed is linkable by a token, and one that is not linkable has no tokens")
        if self.local_id_rule == "exclude_when_tied" and not {"person_token", "local_token"} <= set(self.tokens):
            raise ValueError("exclude_when_tied needs person_token and local_token")
        if not all(reason.strip() for reason in self.clear_justification.values()):
            raise ValueError("a justification is a sentence")
        return self


def check_identity(contract: Contract, classified: set[str]) -> None:
    """Identifiers and tokens are declared as such, and no layout, rule or sender lets an identifier through.

    classified: the columns whose classification is `identifying`.
    """
    custom, identity = contract.custom, contract.identity
    identifying = set(custom.identifyingColumns)
    if classified != identifying:
        raise ValueError(
            f"identifyingColumns: {min(classified ^ identifying)} must be listed and have classification identifying"
        )
    tokens = {name for name in contract.column_names if name in MADE_OF}
    if identity is None:
        if identifying or tokens:
            raise ValueError(f"identity: missing, although there is a column {min(identifying | tokens)}")
        return
    if tokens != set(identity.tokens):
        raise ValueError(f"identity.tokens: {min(tokens ^ set(identity.tokens))} must be listed and be a column")
    if identity.invalid_nhs_number == "count" and "nhs_number_status" not in tokens:
        raise ValueError("identity.invalidNhsNumber: rows are counted by nhs_number_status, which is missing")
    if identifying - set(IDENTIFIERS):
        raise ValueError(f"identifyingColumns: identifiers are called {', '.join(IDENTIFIERS)}")
    for name in sorted(identifying):
        _check_identifier(contract, contract.by_name[name])
    for name in sorted(tokens):
        if contract.by_name[name].kind != "string":
            raise ValueError(f"{name}: a token column is text")
    for name in identity.link_when:
        if name not in contract.judged_columns or contract.by_name[name].kind != "string":
            raise ValueError(f"identity.linkWhen: there is no text column {name}")
        if name not in contract.stored_columns:
            raise ValueError(f"identity.linkWhen: the lake does not hold {name} inside its files")
    for name in sorted(tokens - {"local_token"}):
        if identity.link_when and contract.by_name[name].required:
            raise ValueError(f"{name}: a row that is never linked has none, so that it cannot be required")
    for label, layout in custom.layouts.items():
        if not contract.is_clear(layout):
            continue
        both = sorted(tokens - set(layout.absent))
        if both:
            raise ValueError(f"layouts.{label}: {both[0]} must be absent where identifiers are sent")
        for name in sorted(tokens):
            lacking = [part for part in MADE_OF[name] if part not in identifying or part in layout.absent]
            if lacking:
                raise ValueError(f"layouts.{label}: {name} is made of {lacking[0]}, which is not sent")
    clear = {name for name, sender in custom.senders.items() if contract.is_clear(custom.layouts[sender.layout])}
    unlike = clear ^ set(identity.clear_justification)
    if unlike:
        raise ValueError(f"identity.clearJustification: exactly the senders of a clear layout have one: {min(unlike)}")


def _check_identifier(contract: Contract, column: Column) -> None:
    """An identifying column is read and left behind: nothing else may depend on it."""
    custom, name = contract.custom, column.name
    if column.kind != ("date" if name == "date_of_birth" else "string"):
        raise ValueError(f"{name}: a date of birth is a date, every other identifier text")
    if column.required or column.allowed or column.pattern or column.minimum is not None or column.maximum is not None:
        raise ValueError(f"{name}: an identifier is optional and has no key, range, pattern or codes")
    if name in ("forename", "surname") and (not column.free_text or column.null_tokens):
        raise ValueError(f"{name}: a name is freeText without nullTokens; people are called Null and Total")
    used = {custom.organisationColumn, custom.eventColumn, custom.everyDay or "", *custom.windowColumns}
    used |= {*custom.controlTotals, *custom.historyRules.medianRatio}
    used |= {part for rule in custom.crossFieldRules for part in rule.names()}
    used |= {part for layout in custom.layouts.values() for part in layout.expects}
    if name in used:
        raise ValueError(f"{name}: no rule may look at an identifier")
