-- Events of every indicator by month, for the area and every group of its breakdowns. The denominator of a rate is its
-- population in person-months, not a count of events.
with events as (
    select
        events.indicator_id,
        events.area_code,
        cast({{ dbt.date_trunc('month', 'events.event_date') }} as date) as month_start,
        events.pcn,
        events.deprivation,
        events.age_group,
        catalogue.breakdowns,
        events.numerator,
        case when catalogue.statistic in ('crude_rate', 'dsr') then 0 else events.denominator end as denominator,
        events.amount
    from {{ ref('int_indicator_events') }} as events
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on events.indicator_id = catalogue.indicator_id
    where catalogue.person_level
),

parts as (
    {{ broken_down('events', ['indicator_id', 'area_code', 'month_start'], {
        'numerator': 'sum(numerator)', 'denominator': 'sum(denominator)', 'amount': 'sum(amount)',
        'squares': 'sum(amount * amount)'
    }) }}
    union all
    select
        indicator_id,
        area_code,
        month_start,
        breakdown_kind,
        breakdown_group,
        0 as numerator,
        persons as denominator,
        null as amount,
        null as squares
    from {{ ref('int_indicator_population') }}
)

select
    indicator_id,
    area_code,
    month_start,
    breakdown_kind,
    breakdown_group,
    cast(sum(numerator) as bigint) as numerator,
    cast(sum(denominator) as bigint) as denominator,
    cast(sum(amount) as bigint) as amount,
    cast(sum(squares) as bigint) as squares
from parts
group by indicator_id, area_code, month_start, breakdown_kind, breakdown_group
