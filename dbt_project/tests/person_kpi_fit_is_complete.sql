{{ config(meta={'dagster': {'ref': {'name': 'kpi_return'}}}) }}
-- No KPI counted from people is fit to be paid on while a day of its window, follow-up and days looked back on
-- included, lies beyond the end of one of its feeds or before any data, or while the share of days without a submission
-- of somebody who must report is above the limit. Counted again from submissions, day by day.
with fit as (
    select
        kpi_return.figure_id,
        kpi_return.indicator_id,
        kpi_return.measurement_start,
        kpi_return.measurement_end,
        cast({{ dbt.dateadd(
            'day', 'catalogue.follow_up_days + catalogue.allowance_days', 'kpi_return.measurement_end'
        ) }} as date) as window_end,
        kpi_return.window_days,
        kpis.max_missing_pct
    from {{ ref('kpi_return') }} as kpi_return
    inner join {{ source('run', 'agreement_kpis') }} as kpis
        on
            kpi_return.agreement_id = kpis.agreement_id
            and kpi_return.kpi_id = kpis.kpi_id
            and kpi_return.period_end >= kpis.effective_from
            and kpi_return.period_start <= coalesce(kpis.effective_to, kpi_return.period_start)
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on kpi_return.indicator_id = catalogue.indicator_id and catalogue.person_level
    where kpi_return.quality_status = 'fit'
),

reported as (
    select
        fit.figure_id,
        feeds.feed,
        calendar.day,
        max(case when required.member_organisation is not null and coverage.submission_id is null then 1 else 0 end)
            as is_open,
        max(case when coverage.submission_id is not null then 1 else 0 end) as is_covered
    from fit
    inner join {{ source('run', 'indicator_feeds') }} as feeds
        on fit.indicator_id = feeds.indicator_id
    inner join {{ ref('int_calendar') }} as calendar
        on
            calendar.day >= {{ dbt.dateadd('day', '-1 * feeds.days_before', 'fit.measurement_start') }}
            and calendar.day <= {{ dbt.dateadd('day', 'feeds.days_after', 'fit.measurement_end') }}
    left join {{ ref('int_required_reports') }} as required
        on feeds.feed = required.feed and calendar.day = required.day
    left join {{ ref('int_submission_coverage') }} as coverage
        on
            required.feed = coverage.feed
            and required.member_organisation = coverage.organisation
            and required.day = coverage.day
    group by fit.figure_id, feeds.feed, calendar.day
),

by_day as (
    select
        figure_id,
        day,
        max(is_open) as is_open
    from reported
    group by figure_id, day
),

counted as (
    select
        figure_id,
        count(*) as days,
        sum(is_open) as open_days,
        max(day) as last_day
    from by_day
    group by figure_id
)

select fit.figure_id
from fit
left join counted
    on fit.figure_id = counted.figure_id
where
    coalesce(counted.days, 0) <> fit.window_days
    or counted.last_day <> fit.window_end
    or counted.open_days * 100 > fit.max_missing_pct * counted.days
