-- Reliable recovery after talking therapy: the monthly percentage as published, a whole number. Its parts are not
-- published with it, so months are never pooled.
{{ config(meta={'submissions_of': ['aggregate_kpi_return']}) }}
select
    'talking_therapies_reliable_recovery' as indicator_id,
    returns.organisation as area_code,
    calendar.month_id as period_id,
    returns.period_start,
    returns.period_end,
    returns.value,
    returns.submission_id
from {{ ref('stg_aggregate_kpi_return') }} as returns
inner join {{ ref('int_submission_coverage') }} as coverage
    on
        coverage.feed = 'aggregate_kpi_return'
        and returns.organisation = coverage.organisation
        and returns.period_start = coverage.day
        and returns.submission_id = coverage.submission_id
inner join {{ ref('int_calendar') }} as calendar
    on
        returns.period_start = calendar.day
        and returns.period_start = calendar.month_start
        and returns.period_end = calendar.month_end
where
    returns.kpi = 'talking_therapies_reliable_recovery'
    and returns.value is not null
