-- Which submissions a figure rests on. A figure counted by the day: those that count for the days of its period, from
-- every organisation that had to report. A figure counted from people: those of each of the indicator's feeds in force
-- on any day that feed is needed, looked back on and followed up as well. Both: the register that says who had to
-- report.
with daily as (
    select distinct
        days.indicator_id,
        days.area_code,
        days.day
    from {{ ref('int_indicator_days') }} as days
    left join {{ ref('int_returned_days') }} as returned
        on
            days.indicator_id = returned.indicator_id
            and days.area_code = returned.area_code
            and days.day = returned.day
    where returned.day is null
),

submissions_by_day as (
    select
        daily.indicator_id,
        daily.area_code,
        daily.day,
        coverage.submission_id
    from daily
    inner join {{ ref('int_required_reports') }} as required
        on
            daily.area_code = required.area_code
            and daily.day = required.day
            and required.feed = 'daily_discharge_return'
    inner join {{ ref('int_submission_coverage') }} as coverage
        on
            required.feed = coverage.feed
            and required.member_organisation = coverage.organisation
            and required.day = coverage.day
    union all
    select
        daily.indicator_id,
        daily.area_code,
        daily.day,
        required.submission_id
    from daily
    inner join {{ ref('int_required_reports') }} as required
        on
            daily.area_code = required.area_code
            and daily.day = required.day
            and required.feed = 'daily_discharge_return'
),

-- Runs of days on which one submission is in force: days less their own number are one date along a run.
numbered as (
    select
        feed,
        submission_id,
        day,
        {{ dbt.dateadd(
            'day',
            '-1 * cast(row_number() over (partition by feed, submission_id order by day) as integer)',
            'day'
        ) }} as run_start
    from {{ ref('int_submission_coverage') }}
),

runs as (
    select
        feed,
        submission_id,
        min(day) as first_day,
        max(day) as last_day
    from numbered
    group by feed, submission_id, run_start
),

registers as (
    select
        area_code,
        submission_id,
        min(day) as first_day,
        max(day) as last_day
    from {{ ref('int_required_reports') }}
    group by area_code, submission_id
)

select distinct
    by_day.indicator_id,
    by_day.area_code,
    periods.period_id,
    by_day.submission_id
from submissions_by_day as by_day
inner join {{ ref('int_periods') }} as periods
    on periods.has_days and by_day.day between periods.period_start and periods.period_end
union all
select
    published.indicator_id,
    published.area_code,
    published.period_id,
    published.submission_id
from {{ ref('ind_talking_therapies_reliable_recovery__months') }} as published
union all
select distinct
    returned.indicator_id,
    returned.area_code,
    periods.period_id,
    returned.submission_id
from {{ ref('int_returned_months') }} as returned
inner join {{ ref('int_periods') }} as periods
    on periods.has_days and returned.period_start between periods.period_start and periods.period_end
union all
select distinct
    windows.indicator_id,
    windows.area_code,
    windows.period_id,
    runs.submission_id
from {{ ref('int_indicator_periods') }} as windows
inner join {{ source('run', 'indicator_feeds') }} as feeds
    on windows.indicator_id = feeds.indicator_id
inner join runs
    on
        feeds.feed = runs.feed
        and {{ dbt.dateadd('day', '-1 * feeds.days_before', 'windows.period_start') }} <= runs.last_day
        and {{ dbt.dateadd('day', 'feeds.days_after', 'windows.period_end') }} >= runs.first_day
where windows.has_figure
union all
select
    windows.indicator_id,
    windows.area_code,
    windows.period_id,
    registers.submission_id
from {{ ref('int_indicator_periods') }} as windows
inner join registers
    on
        windows.area_code = registers.area_code
        and windows.window_start <= registers.last_day
        and windows.window_end >= registers.first_day
where windows.has_figure
