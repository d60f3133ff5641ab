{{ config(meta={'dagster': {'ref': {'name': 'int_dsr_bands'}}}) }}
-- The bands of a standardised rate hold all its events and all its population, and a square is at least its root.
with added as (
    select
        indicator_id,
        area_code,
        period_id,
        breakdown_kind,
        breakdown_group,
        sum(band_events) as events,
        sum(band_squares) as squares,
        sum(band_population) as population
    from {{ ref('int_dsr_bands') }}
    group by indicator_id, area_code, period_id, breakdown_kind, breakdown_group
)

select
    added.indicator_id,
    added.period_id,
    added.breakdown_kind,
    added.breakdown_group
from added
left join {{ ref('int_group_sums') }} as sums
    on
        added.indicator_id = sums.indicator_id
        and added.area_code = sums.area_code
        and added.period_id = sums.period_id
        and added.breakdown_kind = sums.breakdown_kind
        and added.breakdown_group = sums.breakdown_group
where
    added.events is distinct from sums.numerator
    or added.population is distinct from sums.denominator
    or added.squares < added.events
