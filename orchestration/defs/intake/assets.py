"""One asset a feed: what has landed for the months of the run is taken into the lake, organisation by organisation.

A file that intake refuses does not stop the run: its sender is told, and whatever needs the missing rows is withheld
or refused by the gate. Losing a row on the way would be our fault, so that check blocks.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.landing import feed_of, first_month_covered, waiting_manifests
from orchestration.partitions import MONTHS, ONE_RUN
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
        from expectations.intake import judge_again, take_in
        from expectations.suites import suite_of
        from ingest.register import Receipt, receipts

        home = house.home
        contract = contracts()[feed]
        suite = suite_of(contract).hash

        def is_current(receipt: Receipt) -> bool:
            return (receipt.contract_hash, receipt.suite_hash) == (contract.hash, suite)

        months = context.partition_key_range
        taken = []
        with io_only():
            if context.run.tags.get("outturn/from") != "lake":
                for manifest in waiting_manifests(home):
                    named = feed_of(manifest)
                    # What names no feed of ours is refused by name too, once: by the first feed's asset.
                    if (named if named in contracts() else feeds()[0]) != feed:
                        continue
                    # No lower bound: a late file is taken in by whichever month runs next.
                    if (first_month_covered(manifest) or "") > months.end:
                        continue
                    taken.append(take_in(home, manifest, contracts()))
            for receipt in receipts(home):
                # Accepted under a contract or suite that has changed since: judged again, from the raw file.
                if receipt.feed == feed and receipt.accepted and not is_current(receipt):
                    taken.append(judge_again(home, receipt.submission_id, contracts()))
            held = [receipt for receipt in receipts(home) if receipt.feed == feed]
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
            + "".join(f", {outcomes[name]} {name}" for name in OUTCOMES[1:] if outcomes[name]),
        )
        yield dg.MaterializeResult(
            metadata={
                "submissions_read": len(taken),
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
                "which": dg.MetadataValue.md("\n".join(f"- {item.file_name}" for item in refused) or "none"),
            },
        )
        yield dg.AssetCheckResult(
            check_name="nothing_lost",
            asset_key=feed,
            passed=not lost,
            metadata={"submissions": len(held), "unbalanced": len(lost)},
        )

    return intake


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
