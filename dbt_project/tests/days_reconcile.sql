{{ config(meta={'dagster': {'ref': {'name': 'int_discharge_days'}}}) }}
-- Months, quarters and years count the same days: covered and missing days of the months add up to those of the span,
-- and so do the quarters and the years; complete days are the days the day table calls complete.
with by_kind as (
    select
        indicator_id,
        area_code,
        period_kind,
        sum(covered_days) as covered_days,
        sum(missing_days) as missing_days
    from {{ ref('int_period_sums') }}
    group by indicator_id, area_code, period_kind
),

by_day as (
    select
        indicator_id,
        area_code,
        count(*) as covered_days,
        count(*) filter (where day_status <> 'complete') as missing_days
    from {{ ref('int_indicator_days') }}
    group by indicator_id, area_code
)

select by_kind.*
from by_kind
inner join by_day
    on by_kind.indicator_id = by_day.indicator_id and by_kind.area_code = by_day.area_code
where by_kind.covered_days <> by_day.covered_days or by_kind.missing_days <> by_day.missing_days
