{{ config(meta={'dagster': {'ref': {'name': 'int_group_sums'}}}) }}
-- The groups of every breakdown add up to the area's own sums: nobody falls between two groups or into both.
with added as (
    select
        indicator_id,
        area_code,
        period_id,
        breakdown_kind,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(amount) as amount,
        sum(squares) as squares
    from {{ ref('int_group_sums') }}
    group by indicator_id, area_code, period_id, breakdown_kind
)

select
    added.indicator_id,
    added.period_id,
    added.breakdown_kind
from added
left join added as area
    on
        added.indicator_id = area.indicator_id
        and added.area_code = area.area_code
        and added.period_id = area.period_id
        and area.breakdown_kind = 'all'
where
    added.numerator is distinct from area.numerator
    or added.denominator is distinct from area.denominator
    or added.amount is distinct from area.amount
    or added.squares is distinct from area.squares
