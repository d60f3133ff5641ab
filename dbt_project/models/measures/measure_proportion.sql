-- A proportion on complete days, with Wilson limits.
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
    {{ wilson_limit('lower', 'sums.numerator', 'sums.denominator', 'sums.multiplier') }} as lower_limit,
    {{ wilson_limit('upper', 'sums.numerator', 'sums.denominator', 'sums.multiplier') }} as upper_limit,
    'Wilson' as interval_method,
    sums.window_days,
    sums.covered_days,
    sums.missing_days,
    sums.unavailable_days,
    sums.data_complete_as_at,
    sums.data_cut_status,
    cast(null as {{ dbt.type_string() }}) as not_available_reason
from {{ ref('int_period_sums') }} as sums
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on sums.indicator_id = catalogue.indicator_id and catalogue.statistic = 'proportion'
