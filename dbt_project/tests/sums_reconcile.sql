{{ config(meta={'dagster': {'ref': {'name': 'int_period_sums'}}}) }}
-- Numerators and denominators of the months add up to those of the quarters and of the years, without a remainder.
with by_kind as (
    select
        indicator_id,
        area_code,
        period_kind,
        coalesce(sum(numerator), 0) as numerator,
        coalesce(sum(denominator), 0) as denominator
    from {{ ref('int_period_sums') }}
    group by indicator_id, area_code, period_kind
)

select
    indicator_id,
    area_code
from by_kind
group by indicator_id, area_code
having min(numerator) <> max(numerator) or min(denominator) <> max(denominator)
