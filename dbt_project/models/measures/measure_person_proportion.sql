-- Proportions of people and events, also those maintained to the end of a follow-up, with Wilson limits.
select
    sums.indicator_id,
    sums.area_code,
    sums.period_kind,
    sums.period_id,
    sums.breakdown_kind,
    sums.breakdown_group,
    sums.numerator,
    sums.denominator,
    cast(sums.numerator * sums.multiplier as decimal(38, 9)) as value_numerator,
    cast(sums.denominator as decimal(20, 9)) as value_denominator,
    {{ wilson_limit('lower', 'sums.numerator', 'sums.denominator', 'sums.multiplier') }} as lower_limit,
    {{ wilson_limit('upper', 'sums.numerator', 'sums.denominator', 'sums.multiplier') }} as upper_limit,
    'Wilson' as interval_method,
    cast(null as {{ dbt.type_string() }}) as not_available_reason
from {{ ref('int_group_sums') }} as sums
where sums.statistic in ('proportion', 'maintained_proportion')
