-- Which submissions a figure rests on: those that count for the days of its period, from every organisation that had to
-- report, and the register that says who had to.
with daily as (
    select distinct
        days.indicator_id,
        days.area_code,
        days.day
    from {{ ref('int_indicator_days') }} as days
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
)

select distinct
    by_day.indicator_id,
    by_day.area_code,
    periods.period_id,
    by_day.submission_id
from submissions_by_day as by_day
inner join {{ ref('int_periods') }} as periods
    on by_day.day between periods.period_start and periods.period_end
union all
select
    published.indicator_id,
    published.area_code,
    published.period_id,
    published.submission_id
from {{ ref('ind_talking_therapies_reliable_recovery__months') }} as published
