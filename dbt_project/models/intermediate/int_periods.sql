-- Months, quarters and financial years that overlap the days or months there are figures for.
with figure_days as (
    select
        area_code,
        span_start as first_day,
        span_end as last_day
    from {{ ref('int_covered_spans') }}
    union all
    select
        area_code,
        min(period_start) as first_day,
        max(period_end) as last_day
    from {{ ref('ind_talking_therapies_reliable_recovery__months') }}
    group by area_code
),

bounds as (
    select
        min(first_day) as first_day,
        max(last_day) as last_day
    from figure_days
),

days as (
    select calendar.*
    from {{ ref('int_calendar') }} as calendar
    inner join bounds
        on calendar.day between bounds.first_day and bounds.last_day
)

select distinct
    'month' as period_kind,
    month_id as period_id,
    month_start as period_start,
    month_end as period_end,
    quarter_end
from days
union all
select distinct
    'quarter' as period_kind,
    quarter_id as period_id,
    quarter_start as period_start,
    quarter_end as period_end,
    quarter_end
from days
union all
select distinct
    'year' as period_kind,
    year_id as period_id,
    year_start as period_start,
    year_end as period_end,
    year_end as quarter_end
from days
