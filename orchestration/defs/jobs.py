"""The main job, its monthly schedule, and the alert for a month nobody ran."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from foundation.home import open_home
from foundation.period import Period, month_of
from orchestration.partitions import FIRST_MONTH

# In one process: the default executor starts one per step, and each pays the imports again.
main_job = dg.define_asset_job(
    "main",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Extracts in, a release out: intake, warehouse, gate, settlement, release.",
)

DAY_OF_MONTH, HOUR = 10, 6
monthly_schedule = dg.build_schedule_from_partitioned_job(
    main_job,
    name="monthly",
    description="On the tenth, the month before: returns are due by then.",
    day_of_month=DAY_OF_MONTH,
    hour_of_day=HOUR,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.op(config_schema={"month": str})
def say_month_is_late(context: dg.OpExecutionContext) -> None:
    """Fails on purpose: a failed run is what an operator's alerting already watches."""
    late = context.op_config["month"]
    raise dg.Failure(
        description=f"No run has finished for {late}, which was due on the {DAY_OF_MONTH}th of the month after. "
        f"What to do: run `outturn run --period {late}`, or see why the schedule `monthly` is off.",
        allow_retries=False,
    )


@dg.job(name="alert_late_month", description="Fails to say that a month was not run.")
def alert_late_month() -> None:
    say_month_is_late()


ALERT_LATE_MONTH = alert_late_month


def month_due(now: datetime) -> Period:
    """The latest month whose run should have finished by `now` (the tenth of the month after, plus a day)."""
    day = now.date() - timedelta(days=DAY_OF_MONTH)
    return month_of(date(day.year, day.month, 1) - timedelta(days=1))


def is_late(instance: dg.DagsterInstance, due: Period) -> bool:
    """Whether no successful release covers that month yet."""
    if due.label < FIRST_MONTH:
        return False
    event = instance.get_latest_materialization_event(dg.AssetKey("release"))
    released = event.asset_materialization.metadata.get("month") if event and event.asset_materialization else None
    return released is None or str(released.value) < due.label


@dg.sensor(job=alert_late_month, minimum_interval_seconds=3600, default_status=dg.DefaultSensorStatus.RUNNING)
def late_month_alert(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Once per missed month, starts the run that fails to say so."""
    if open_home().is_demo:
        return dg.SkipReason("a demonstration ends with its last month: nothing is late.")
    due = month_due(datetime.now(tz=UTC))
    if not is_late(context.instance, due):
        return dg.SkipReason(f"{due.label} has been released.")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"late-{due.label}",
                run_config={"ops": {"say_month_is_late": {"config": {"month": due.label}}}},
            )
        ]
    )
