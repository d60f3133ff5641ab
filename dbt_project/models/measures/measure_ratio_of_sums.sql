-- A sum over complete days out of another sum over the same days. It carries no interval: numerator and denominator
-- move together from day to day, and no published method covers that.
select
    sums.indicator_id,
    sums.area_code,
    sums.period_kind,
    sums.period_id,
    sums.period_start,
    sums.period_end,
    sums.multiplier,
    sums.numerator,
    sums.denominator,
    cast(null as decimal(20, 9)) as lower_limit,
    cast(null as decimal(20, 9)) as upper_limit,
    'none: a ratio of two dependent daily sums' as interval_method,
    sums.window_days,
    sums.covered_days,
    sums.missing_days,
    sums.unavailable_days,
    sums.data_complete_as_at,
    sums.data_cut_status,
    cast(null as {{ dbt.type_string() }}) as not_available_reason
from {{ ref('int_period_sums') }} as sums
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on sums.indicator_id = catalogue.indicator_id and catalogue.statistic = 'ratio_of_sums'
