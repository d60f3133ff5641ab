-- The rows of every indicator of people added up once, into the smallest parts any figure is made of: indicator, month
-- (or the period people are judged in), network, deprivation and age group. Whatever comes after reads these, not the
-- rows, and only indicators whose rows were made again are added up again.
--
-- The denominator of a rate is its population in person-months, not a count of events. A median needs to know how many
-- events took how long, so that its cells are divided by the days as well.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_changed_indicators() }}"
) }}
with events as (
    select
        events.indicator_id,
        events.area_code,
        cast({{ dbt.date_trunc('month', 'events.event_date') }} as date) as month_start,
        events.pcn,
        events.deprivation,
        events.age_group,
        case when catalogue.statistic = 'median' then events.amount end as days,
        events.numerator,
        case when catalogue.statistic in ('crude_rate', 'dsr') then 0 else events.denominator end as denominator,
        events.amount
    from {{ ref('int_indicator_events') }} as events
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on events.indicator_id = catalogue.indicator_id
    where catalogue.person_level {{ and_indicator_is_changed('events.indicator_id') }}
)

select
    indicator_id,
    area_code,
    month_start,
    cast(null as {{ dbt.type_string() }}) as period_kind,
    cast(null as {{ dbt.type_string() }}) as period_id,
    pcn,
    deprivation,
    age_group,
    cast(days as bigint) as days,
    cast(count(*) as bigint) as cases,
    cast(sum(numerator) as bigint) as numerator,
    cast(sum(denominator) as bigint) as denominator,
    cast(sum(amount) as bigint) as amount,
    cast(sum(amount * amount) as bigint) as squares
from events
group by indicator_id, area_code, month_start, pcn, deprivation, age_group, days
union all
select
    indicator_id,
    area_code,
    cast(null as date) as month_start,
    period_kind,
    period_id,
    pcn,
    deprivation,
    age_group,
    cast(null as bigint) as days,
    cast(count(*) as bigint) as cases,
    cast(sum(numerator) as bigint) as numerator,
    cast(sum(denominator) as bigint) as denominator,
    cast(null as bigint) as amount,
    cast(null as bigint) as squares
from {{ ref('int_period_people') }}
where indicator_id is not null {{ and_indicator_is_changed('indicator_id') }}
group by indicator_id, area_code, period_kind, period_id, pcn, deprivation, age_group
