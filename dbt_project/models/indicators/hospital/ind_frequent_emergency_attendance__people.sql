-- People with an unplanned attendance at an emergency department in the year: whether they had five or more. Once a person
-- and year, with the attributes of its last month; who has died or left by then stands under unknown.
with monthly as (
    select
        person_key,
        cast({{ dbt.date_trunc('month', 'arrival_date') }} as date) as month_start,
        count(*) as attendances
    from {{ in_force('emergency_care', 'arrival_date') }} as arrivals
    where department_type <> '05' and attendance_category <> '4' and person_key is not null
    group by person_key, cast({{ dbt.date_trunc('month', 'arrival_date') }} as date)
),

yearly as (
    select
        periods.period_kind,
        periods.period_id,
        periods.period_end,
        monthly.person_key,
        sum(monthly.attendances) as attendances
    from {{ ref('int_periods') }} as periods
    inner join monthly
        on monthly.month_start between periods.period_start and periods.period_end
    where periods.has_people and periods.period_kind in ('year', 'rolling_year')
    group by periods.period_kind, periods.period_id, periods.period_end, monthly.person_key
)

select
    'frequent_emergency_attendance' as indicator_id,
    period_kind,
    period_id,
    person_key,
    cast(case when attendances >= 5 then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ as_at('yearly', 'period_end', keep_unknown=true) }} as people
