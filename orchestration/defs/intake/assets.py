"""One asset a feed: what has landed for the months of the run is taken into the lake, organisation by organisation.

A file that intake refuses does not stop the run: its sender is told, and whatever needs the missing rows is withheld
or refused by the gate. Losing a row on the way would be our fault, so that check blocks.
"""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import dagster as dg

from orchestration.intaking import crew_of
from orchestration.partitions import FROM_TAG, MONTHS, ONE_RUN
from orchestration.progress import say
from orchestration.resources import HomeResource
from orchestration.retries import io_only
from orchestration.rooms import contracts, feeds

# What each outcome of intake means for the sender, in the order a person wants to read it.
OUTCOMES = ("accept", "accept_normalised", "warn", "reject_record", "reject_file")


def _build(feed: str, source_class: str) -> dg.AssetsDefinition:
    @dg.asset(
        name=feed,
        group_name="intake",
        kinds={"parquet", "greatexpectations"},
        tags={"outturn/source": source_class},
        deps=[landing_key(feed)],
        partitions_def=MONTHS,
        backfill_policy=ONE_RUN,
        check_specs=[
            dg.AssetCheckSpec("suite", asset=feed, description="Every submission of this run passed the feed's suite."),
            dg.AssetCheckSpec(
                "nothing_lost",
                asset=feed,
                blocking=True,
                description="Rows read = accepted + quarantined + deduplicated, in every submission held.",
            ),
        ],
        description=f"Rows of {feed} in the lake, one folder a submission.",
    )
    def intake(context: dg.AssetExecutionContext, house: HomeResource) -> Iterator[Any]:
        from ingest.register import months_of, receipts

        home = house.home
        months = context.partition_key_range
        with io_only():
            crew = crew_of(
                context.run.run_id,
                home,
                _selected(context.run.asset_selection),
                months.end,
                landing=context.run.tags.get(FROM_TAG) != "lake",
            )
            taken = crew.receipts_of(feed)
            held = [receipt for receipt in receipts(home) if receipt.feed == feed]
        again = sum(receipt.repeated for receipt in taken)
        outcomes = Counter(receipt.outcome for receipt in taken)
        refused = [receipt for receipt in taken if receipt.outcome == "reject_file"]
        lost = [
            receipt.submission_id
            for receipt in held
            if receipt.rows_read != receipt.rows_accepted + receipt.rows_quarantined + receipt.rows_deduplicated
        ]
        say(
            "intake",
            f"{feed}: {len(taken)} submission(s) read, {len(held)} held"
            + "".join(f", {outcomes[name]} {name}" for name in OUTCOMES[1:] if outcomes[name])
            + (f", {again} delivered before and not taken in twice" if again else ""),
        )
        yield dg.MaterializeResult(
            metadata={
                "submissions_read": len(taken),
                "months_taken_in": ", ".join(months_of(taken)) or "none",
                "submissions_held": len(held),
                "rows_held": sum(receipt.rows_accepted for receipt in held),
                "rows_quarantined": sum(receipt.rows_quarantined for receipt in held),
                "by_organisation": dg.MetadataValue.md(_table(Counter(receipt.organisation for receipt in held))),
                **{f"outcome_{name}": outcomes[name] for name in OUTCOMES if outcomes[name]},
            },
        )
        yield dg.AssetCheckResult(
            check_name="suite",
            asset_key=feed,
            passed=not refused,
            metadata={
                "read": len(taken),
                "refused": len(refused),
                "which": dg.MetadataValue.md("\n".join(f"- {item.shown_name}" for item in refused) or "none"),
            },
        )
        yield dg.AssetCheckResult(
            check_name="nothing_lost",
            asset_key=feed,
            passed=not lost,
            metadata={"submissions": len(held), "unbalanced": len(lost)},
        )

    return intake


def _selected(selection: AbstractSet[dg.AssetKey] | None) -> list[str]:
    """Feeds a run takes in: all, or those among the assets it was asked for."""
    return [feed for feed in feeds() if not selection or dg.AssetKey(feed) in selection]


def _table(counts: Counter[str]) -> str:
    return "| organisation | submissions |\n|---|---|\n" + "\n".join(
        f"| {name} | {number} |" for name, number in sorted(counts.items())
    )


def landing_key(feed: str) -> dg.AssetKey:
    return dg.AssetKey(["landing", feed])


def extracts() -> list[dg.AssetSpec]:
    """What senders put into their mailboxes: outside our doing, shown so that the picture starts where data do."""
    return [
        dg.AssetSpec(
            landing_key(feed),
            group_name="extracts",
            kinds={"csv"},
            tags={"outturn/source": contracts()[feed].source_class},
            description=f"Files of the feed {feed} in the senders' mailboxes.",
        )
        for feed in feeds()
    ]


def intake_assets() -> list[dg.AssetsDefinition]:
    """One asset per data contract."""
    return [_build(feed, contracts()[feed].source_class) for feed in feeds()]
