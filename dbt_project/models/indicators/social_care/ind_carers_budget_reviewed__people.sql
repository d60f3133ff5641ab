-- Carers whose budget runs on the last day of a period and began 365 days before or earlier: whether a review of theirs
-- ended on that day or one of the 365 before it. A period has them once everybody who had to report
-- its last day has.
{{ config(meta={'submissions_of': ['carers']}) }}
with due as (
    select distinct
        periods.period_kind,
        periods.period_id,
        periods.period_end,
        support.person_key
    from {{ ref('int_periods') }} as periods
    inner join {{ days_everybody_told('carers') }} as told
        on periods.period_end = told.day
    inner join {{ ref('int_carer_support') }} as support
        on
            {{ dbt.datediff('support.event_start_date', 'periods.period_end', 'day') }} >= 365
            and periods.period_end <= coalesce(support.event_end_date, periods.period_end)
    where periods.has_people and periods.period_kind in ('quarter', 'year') and support.is_budget
),

reviewed as (
    select distinct
        due.period_id,
        due.person_key
    from due
    inner join {{ in_force('carers') }} as events
        on
            due.person_key = events.person_key
            and events.event_type = 'Review'
            and {{ dbt.datediff('events.event_end_date', 'due.period_end', 'day') }} between 0 and 365
),

judged as (
    select
        due.period_kind,
        due.period_id,
        due.period_end,
        due.person_key,
        case when reviewed.person_key is null then 0 else 1 end as numerator
    from due
    left join reviewed
        on due.period_id = reviewed.period_id and due.person_key = reviewed.person_key
)

select
    'carers_budget_reviewed' as indicator_id,
    period_kind,
    period_id,
    person_key,
    cast(numerator as bigint) as numerator,
    cast(1 as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ as_at('judged', 'period_end', keep_unknown=true) }} as people
