{{ config(meta={'dagster': {'ref': {'name': 'int_population'}}}) }}
-- The population of every month is the number of people the spine holds in it.
with spine as (
    select
        month_start,
        count(*) as people
    from {{ ref('int_person_months') }}
    {{ where_month_is_changed('month_start') }}
    group by month_start
),

counted as (
    select
        month_start,
        sum(persons) as people
    from {{ ref('int_population') }}
    {{ where_month_is_changed('month_start') }}
    group by month_start
)

select
    spine.month_start,
    spine.people,
    counted.people as counted_people
from spine
full outer join counted
    on spine.month_start = counted.month_start
where spine.people is distinct from counted.people
