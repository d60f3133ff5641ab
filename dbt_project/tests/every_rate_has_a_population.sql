{{ config(meta={'dagster': {'ref': {'name': 'int_indicator_population'}}}) }}
-- A crude or standardised rate of the catalogue has its population, and a population its rate: without one there would
-- be no figure and nobody would ask.
with populations as (
    {% for indicator in rate_populations() %}
        select '{{ indicator }}' as indicator_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

rates as (
    select indicator_id
    from {{ source('run', 'indicator_catalogue') }}
    where statistic in ('crude_rate', 'dsr')
)

select coalesce(rates.indicator_id, populations.indicator_id) as indicator_id
from rates
full outer join populations
    on rates.indicator_id = populations.indicator_id
where rates.indicator_id is null or populations.indicator_id is null
