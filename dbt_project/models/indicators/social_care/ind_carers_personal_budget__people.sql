-- Carers given support on some day of a period, each once: whether any of it was a budget of their own.
with supported as (
    select
        periods.period_kind,
        periods.period_id,
        periods.period_end,
        support.person_key,
        max(case when support.is_budget then 1 else 0 end) as numerator
    from {{ ref('int_periods') }} as periods
    inner join {{ ref('int_carer_support') }} as support
        on
            periods.period_end >= support.event_start_date
            and periods.period_start <= coalesce(support.event_end_date, periods.period_start)
    where periods.has_people and periods.period_kind in ('quarter', 'year', 'rolling_year')
    group by periods.period_kind, periods.period_id, periods.period_end, support.person_key
)

select
    'carers_personal_budget' as indicator_id,
    period_kind,
    period_id,
    person_key,
    cast(numerator as bigint) as numerator,
    cast(1 as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ as_at('supported', 'period_end', keep_unknown=true) }} as people
