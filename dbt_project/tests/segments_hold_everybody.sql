{{ config(meta={'dagster': {'ref': {'name': 'segments'}}}) }}
-- The primary segments of a quarter hold everybody registered on its first day, once, and their events with those of
-- people who came later are all events of the area.
with held as (
    select
        period_id,
        period_start,
        period_end,
        item_kind,
        item_id,
        sum(number) as number
    from {{ ref('segments') }}
    where group_kind = 'primary' and item_kind in ('people', 'indicator') and number is not null
    group by period_id, period_start, period_end, item_kind, item_id
),

registered as (
    select
        month_start,
        sum(persons) as number
    from {{ ref('int_population') }}
    group by month_start
),

happened as (
    select
        indicator_id,
        event_date,
        count(*) as number
    from {{ ref('int_indicator_events') }}
    group by indicator_id, event_date
),

whole as (
    select
        held.period_id,
        held.item_id,
        held.number,
        registered.number as should_be
    from held
    left join registered
        on held.period_start = registered.month_start
    where held.item_kind = 'people'
    union all
    select
        held.period_id,
        held.item_id,
        max(held.number) as number,
        coalesce(sum(happened.number), 0) as should_be
    from held
    left join happened
        on held.item_id = happened.indicator_id and happened.event_date between held.period_start and held.period_end
    where held.item_kind = 'indicator'
    group by held.period_id, held.item_id
)

select *
from whole
where number is distinct from should_be
