{{ config(meta={'dagster': {'ref': {'name': 'int_indicator_events'}}}) }}
-- Everybody who is counted, in the rows this run made, is a person of the data cut's link table.
with counted as (
    select distinct person_key
    from {{ ref('int_indicator_events') }}
    where person_key is not null {{ and_of_changed_indicators('indicator_id') }}
    union
    select distinct person_key
    from {{ ref('int_period_people') }}
    where person_key is not null {{ and_of_changed_indicators('indicator_id') }}
),

known as (
    select distinct person_key
    from {{ source('run', 'links') }}
)

select counted.person_key
from counted
left join known
    on counted.person_key = known.person_key
where known.person_key is null
