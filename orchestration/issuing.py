"""`outturn contract`: what is made from a data contract, for a sender or for who keeps the contract.

Belongs here: which files are written, and that a sample is given to nobody which the check would not pass. Not here:
making them (`ingest.sample`, `ingest.layout_file`, `publication.pages.requirement`, `dbt_project.sources`,
`expectations.suites`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from foundation.canonical import readable_json, sha256_bytes
from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage
from ingest.rules import ACCEPT, in_order
from orchestration.progress import say
from orchestration.rooms import CONTRACTS

if TYPE_CHECKING:
    from ingest.contract import Contract
    from ingest.sample import Sample

REQUIREMENT, TEMPLATE, SOURCE, SUITE = "requirement.html", "template.csv", "dbt_source.yml", "suite.json"
# given where the contract takes workbooks
WORKBOOK = "template.xlsx"


def issue(feed: str, organisation: str | None, out: Path, contracts: Path | None = None) -> list[Path]:
    """Write what is made from a contract into a folder; returns the files.

    With an organisation: its reporting requirement, an empty template, a sample and its manifest. Without: the dbt
    source and the suite. contracts: folder of the contracts, the product's own when None. Files that are there are
    written again.
    """
    contract = _contract(feed, contracts or CONTRACTS)
    made = for_keeper(contract) if organisation is None else for_sender(contract, organisation)
    for name, data in made.items():
        write_bytes(out / name, data)
        say("written", str(out / name))
    return [out / name for name in made]


def _contract(feed: str, folder: Path) -> Contract:
    from ingest.contract import load_contract

    path = folder / f"{feed}.yaml"
    if Path(feed).name != feed or not path.is_file():
        known = ", ".join(sorted(item.stem for item in folder.glob("*.yaml"))) or "none"
        raise WrongUsage(f"there is no contract of a feed '{feed}' in {folder}.", f"choose one of: {known}.")
    return load_contract(path)


def for_sender(contract: Contract, organisation: str) -> dict[str, bytes]:
    """Files of a sender by name. Refused when the sample would not be accepted: then nothing is handed out."""
    from ingest.layout_file import template_bytes, template_workbook
    from ingest.manifest import SUFFIX
    from ingest.sample import sample_of
    from publication.pages.requirement import requirement_page

    sample = sample_of(contract, organisation)
    _require_accepted(sample)
    name = sample.manifest().file
    typed = {WORKBOOK: template_workbook(contract, sample.layout)} if "xlsx" in contract.custom.containers else {}
    return {
        REQUIREMENT: requirement_page(sample),
        TEMPLATE: template_bytes(contract, sample.layout),
        **typed,
        name: sample.file(),
        f"{name}{SUFFIX}": sample.manifest_bytes(),
    }


def _require_accepted(sample: Sample) -> None:
    """The check that intake runs, on the sample as it would be sent."""
    from expectations.examine import examine
    from ingest import receive

    data, manifest, contract = sample.file(), sample.manifest(), sample.contract
    held = receive.Held(data, len(data), sha256_bytes(data), changed=False)
    before = [*receive.check_name(manifest, manifest.file, landed=True), *receive.check_manifest(manifest, contract)]
    result = examine(held, manifest.file, contract, manifest, None, before)
    if result.outcome != ACCEPT:
        first = in_order(result.findings)[0]
        where = f"{first.column or 'the file'}{f', row {first.row}' if first.row else ''}"
        raise Refused(
            f"the sample of {contract.feed} breaks a rule of its own contract ({first.rule}; {where}).",
            "give the column `examples` that keep the rule, or correct the rule.",
        )


def for_keeper(contract: Contract) -> dict[str, bytes]:
    """Files of who keeps the contract: the feed's entry among the dbt sources, and its suite."""
    from dbt_project.sources import table_text
    from expectations.suites import suite_of
    from expectations.suites.persons import person_rules

    suite = suite_of(contract)
    layouts = {}
    for scope in suite.scopes:
        base = [item.as_json() for item in person_rules(contract, scope)]
        layouts[scope.layout] = {
            "from_the_contract": base,
            "of_this_feed": [item.as_json() for item in suite.build(scope)[len(base) :]],
        }
    content = {"suite": suite.name, "hash": suite.hash, "contract_hash": contract.hash, "layouts": layouts}
    return {SOURCE: table_text(contract).encode(), SUITE: readable_json(content)}
