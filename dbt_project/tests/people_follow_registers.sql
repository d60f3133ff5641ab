{{ config(meta={'dagster': {'ref': {'name': 'int_person_months'}}}) }}
-- Where registers were accepted there are people, and where people were counted there are figures: a join that finds
-- nothing must not pass for a place without residents.
with stages as (
    select
        'registers' as stage,
        count(person_key) as found
    from {{ ref('stg_pcn_register') }}
    union all
    select
        'people' as stage,
        count(*) as found
    from {{ ref('int_population') }}
    union all
    select
        'sums' as stage,
        count(*) as found
    from {{ ref('int_group_sums') }}
    union all
    select
        'figures' as stage,
        count(*) as found
    from {{ ref('int_figures') }}
    where person_level
),

followed as (
    select
        stages.stage,
        after_it.stage as next_stage
    from stages
    inner join stages as after_it
        on
            (stages.stage = 'registers' and after_it.stage = 'people')
            or (stages.stage = 'sums' and after_it.stage = 'figures')
    where stages.found > 0 and after_it.found = 0
)

select
    stage,
    next_stage
from followed
