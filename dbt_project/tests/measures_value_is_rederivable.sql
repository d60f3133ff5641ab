{{ config(meta={'dagster': {'ref': {'name': 'measures'}}}) }}
-- Every printed value lies within half a step of its own numerator over denominator, and a tie went away from zero.
-- Written with a product instead of a quotient, so that it does not repeat the macro it checks.
with steps as (
    select
        measures.figure_id,
        measures.value * figures.value_denominator - figures.value_numerator as excess,
        measures.value,
        figures.value_denominator as denominator,
        cast({{ power_of_ten('catalogue.value_decimals') }} as decimal(10, 0)) as steps
    from {{ ref('measures') }} as measures
    inner join {{ ref('int_figures') }} as figures
        on
            measures.indicator_id = figures.indicator_id
            and measures.area_code = figures.area_code
            and measures.period_id = figures.period_id
            and figures.breakdown_kind = 'all'
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on measures.indicator_id = catalogue.indicator_id
    where measures.value is not null
)

select *
from steps
where
    coalesce(abs(excess) * 2 * steps > denominator, true)
    or (abs(excess) * 2 * steps = denominator and (excess > 0) <> (value > 0))
