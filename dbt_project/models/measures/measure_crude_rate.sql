-- Events per person and year: twelve times the events over the person-months, with Byar's limits and exact ones below
-- ten events.
select
    sums.indicator_id,
    sums.area_code,
    sums.period_kind,
    sums.period_id,
    sums.breakdown_kind,
    sums.breakdown_group,
    sums.numerator,
    sums.denominator,
    cast(cast(sums.numerator * 12 as decimal(20, 0)) * sums.multiplier as decimal(38, 9)) as value_numerator,
    cast(sums.denominator as decimal(20, 9)) as value_denominator,
    {{ rate_limit('lower', 'sums.numerator', 'exact.lower_95', 'sums.denominator', '12 * sums.multiplier') }}
        as lower_limit,
    {{ rate_limit('upper', 'sums.numerator', 'exact.upper_95', 'sums.denominator', '12 * sums.multiplier') }}
        as upper_limit,
    case when sums.numerator < 10 then 'exact Poisson' else 'Byar' end as interval_method,
    cast(null as {{ dbt.type_string() }}) as not_available_reason
from {{ ref('int_group_sums') }} as sums
left join {{ ref('poisson_limits') }} as exact
    on sums.numerator = exact.events
where sums.statistic = 'crude_rate'
