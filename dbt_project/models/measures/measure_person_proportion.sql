-- Proportions of people and events, also those maintained to the end of a follow-up, with Wilson limits. A share of
-- events of which one person may have many carries no interval: events of one person depend on each other, and no
-- published method covers that without the person behind each.
{% set dependent = "sums.statistic = 'share_of_events'" %}
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
    case
        when not ({{ dependent }})
            then {{ wilson_limit('lower', 'sums.numerator', 'sums.denominator', 'sums.multiplier') }}
    end as lower_limit,
    case
        when not ({{ dependent }})
            then {{ wilson_limit('upper', 'sums.numerator', 'sums.denominator', 'sums.multiplier') }}
    end as upper_limit,
    case
        when {{ dependent }} then 'none: events of one person depend on each other'
        else 'Wilson'
    end as interval_method,
    cast(null as {{ dbt.type_string() }}) as not_available_reason
from {{ ref('int_group_sums') }} as sums
where sums.statistic in ('proportion', 'maintained_proportion', 'share_of_events')
