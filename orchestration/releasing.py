"""Hand the publication room everything a release is built from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from foundation.home import Home
from orchestration.analysts import for_analysts
from orchestration.cycle import Cycle, place_of
from orchestration.deciding import published_days
from orchestration.rooms import contracts
from orchestration.settling import Settled, verdict_files
from orchestration.warehouse import EVENTS, TABLES

if TYPE_CHECKING:
    from publication.inputs import LeftOut, ReleaseInputs
    from publication.inputs import Place as PublishedPlace


def published_place(home: Home) -> PublishedPlace:
    """What the pages say about where the figures come from."""
    from publication.inputs import Place, Source

    place = place_of(home)
    return Place(
        id=place.name,
        title=place.title,
        subtitle=place.subtitle,
        area_code=place.area_code,
        area_name=place.area_name,
        sources=tuple(Source(item.title, item.licence, item.attribution) for item in place.sources),
        illustration_note=place.illustration_note,
        disclosure=place.disclosure,
    )


def left_out(cycle: Cycle) -> list[LeftOut]:
    """Rows of the data cut left out for opt-outs, of every feed to which the national opt-out applies."""
    from expectations.requirement import receipts_of
    from ingest.identity.rights import OPTED_OUT
    from publication.inputs import LeftOut

    found = []
    for feed, contract in sorted(contracts().items()):
        held = receipts_of(cycle.home, cycle.cut, feed)
        if contract.identity is not None and contract.custom.lawfulBasis.opt_out_applies and held:
            out = sum(dict(item.set_aside).get(OPTED_OUT, 0) for item in held)
            found.append(LeftOut(feed, sum(item.rows_accepted for item in held), out))
    return found


def logs_of(cycle: Cycle) -> dict[str, bytes]:
    """The decision log of every agreement that has one, settled or not, its terms on file or not."""
    from orchestration.deciding import PUBLICATIONS
    from settlement import store

    names = sorted(path.stem for path in cycle.home.decisions.glob("*.jsonl") if path.stem != PUBLICATIONS)
    found = {name: store.read_bytes(cycle.home.decisions, name) for name in names}
    return {name: log for name, log in found.items() if log}


def release_inputs(cycle: Cycle, tables: Mapping[str, pa.Table], settled: Sequence[Settled]) -> ReleaseInputs:
    """Everything the release depends on, and nothing else."""
    from dbt_project.inequality import with_limits
    from publication.inputs import ReleaseInputs, SettledAgreement
    from settlement.decisions import read_log
    from settlement.payment_standing import standing_rows

    made = {name: tables[name] for name in TABLES}
    decimals_of = {row["indicator_id"]: row["value_decimals"] for row in made["indicators"].to_pylist()}
    # no formula gives these limits: they are simulated on sums, after the build
    made["inequality"] = with_limits(made["inequality"], made.pop("int_deprivation_fifths"), decimals_of)
    practices = made.pop("int_practice_networks").to_pylist()
    required, verdicts = verdict_files(cycle)
    stands = [standing_rows(item.settlement, read_log(item.decisions), item.agreement.terms) for item in settled]
    return ReleaseInputs(
        place=published_place(cycle.home),
        data_cut=cycle.cut.document(),
        code_version=cycle.code_version,
        definitions_hash=cycle.definitions_hash,
        required_json=required,
        verdicts=verdicts,
        **made,
        events=for_analysts(cycle, tables[EVENTS]),
        settlements=[
            SettledAgreement(
                terms_yaml=item.agreement.content,
                decisions_jsonl=item.decisions,
                gate_json=item.settlement.gate.to_json(),
                steps=item.settlement.step_rows(),
                postings=item.settlement.posting_rows(),
                member_lines=item.settlement.member_rows(),
                payments=payments,
                journal=journal,
                advances=item.advances,
                prior_postings=item.prior_postings,
            )
            for item, (payments, journal) in zip(settled, stands, strict=True)
        ],
        left_out=left_out(cycle),
        logs=logs_of(cycle),
        practices=practices,
        published=published_days(cycle.home),
        openly_published=frozenset(feed for feed, contract in contracts().items() if contract.custom.openlyPublished),
    )
