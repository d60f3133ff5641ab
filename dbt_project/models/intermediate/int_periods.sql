-- Periods there can be figures for. Figures counted by the day have the months, quarters and financial years that
-- overlap the days or months there are figures for; figures of people have those that overlap the practice register,
-- and every twelve months that lie wholly inside it.
with day_bounds as (
    select
        min(first_day) as first_day,
        max(last_day) as last_day
    from (
        select
            span_start as first_day,
            span_end as last_day
        from {{ ref('int_covered_spans') }}
        union all
        select
            period_start as first_day,
            period_end as last_day
        from {{ ref('ind_talking_therapies_reliable_recovery__months') }}
        union all
        select
            day as first_day,
            day as last_day
        from {{ ref('int_returned_days') }}
    ) as figure_days
),

days as (
    select
        calendar.*,
        coalesce(calendar.day between bounds.first_day and bounds.last_day, false) as has_days,
        coalesce(calendar.day between span.first_day and span.last_day, false) as has_people
    from {{ ref('int_calendar') }} as calendar
    cross join day_bounds as bounds
    left join {{ ref('int_register_span') }} as span
        on calendar.day between span.first_day and span.last_day
),

calendar_periods as (
    {% for kind in ['month', 'quarter', 'year'] %}
        select
            '{{ kind }}' as period_kind,
            {{ kind }}_id as period_id,
            {{ kind }}_start as period_start,
            {{ kind }}_end as period_end,
            {{ 'quarter_end' if kind == 'month' else kind ~ '_end' }} as quarter_end,
            max(case when has_days then 1 else 0 end) = 1 as has_days,
            max(case when has_people then 1 else 0 end) = 1 as has_people
        from days
        where has_days or has_people
        group by
            {{ kind }}_id, {{ kind }}_start, {{ kind }}_end{{ ', quarter_end' if kind == 'month' }}
        union all
    {% endfor %}
    select
        'rolling_year' as period_kind,
        calendar.month_id || '-r12' as period_id,
        cast({{ dbt.dateadd('month', -11, 'calendar.month_start') }} as date) as period_start,
        calendar.month_end as period_end,
        calendar.quarter_end,
        false as has_days,
        true as has_people
    from {{ ref('int_calendar') }} as calendar
    inner join {{ ref('int_register_span') }} as span
        on
            calendar.day = calendar.month_end
            and calendar.month_end <= span.last_day
            and cast({{ dbt.dateadd('month', -11, 'calendar.month_start') }} as date) >= span.first_day
)

select *
from calendar_periods
