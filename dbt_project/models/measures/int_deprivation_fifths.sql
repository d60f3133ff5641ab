-- The local fifths of deprivation behind the area's figures of years and of twelve months, unrounded. Shorter periods
-- have too few events in a fifth. Quantile 1 is the least deprived, so that whatever is measured from 1 to 5 is measured
-- towards deprivation. A fifth whose figure is not available has no value here, and its area no index.
select
    figures.indicator_id,
    figures.area_code,
    figures.period_kind,
    figures.period_id,
    catalogue.statistic,
    catalogue.multiplier,
    case figures.breakdown_group
        when '5' then 1
        when '4' then 2
        when '3' then 3
        when '2' then 4
        when '1' then 5
    end as quantile,
    cast(figures.denominator as bigint) as population,
    case
        when figures.not_available_reason is null
            then {{ round_half_up('figures.value_numerator', 'figures.value_denominator', 9) }}
    end as value,
    cast(
        case when figures.not_available_reason is null then figures.lower_limit end as decimal(20, 9)
    ) as lower_limit,
    cast(
        case when figures.not_available_reason is null then figures.upper_limit end as decimal(20, 9)
    ) as upper_limit
from {{ ref('int_figures') }} as figures
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on figures.indicator_id = catalogue.indicator_id
where
    figures.breakdown_kind = 'deprivation'
    and figures.breakdown_group in ('1', '2', '3', '4', '5')
    and figures.period_kind in ('year', 'rolling_year')
    and figures.covered_days > 0
