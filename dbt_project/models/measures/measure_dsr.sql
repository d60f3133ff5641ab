-- Directly standardised rates per person and year, with Dobson's limits for events that repeat in one person. Below ten
-- events there is neither value nor limits, and none where a band of age has nobody in it.
{% set groups = ['indicator_id', 'area_code', 'period_kind', 'period_id', 'breakdown_kind', 'breakdown_group'] %}
with sums as (
    {{ dsr_sums(ref('int_dsr_bands'), groups, time_units=12) }}
),

judged as (
    select
        sums.*,
        catalogue.multiplier,
        case
            when sums.empty_bands > 0
                then 'There is nobody in ' || cast(sums.empty_bands as {{ dbt.type_string() }})
                    || ' of the age bands the rate is standardised by.'
            when sums.events < 10 then 'Fewer than 10 events: a standardised rate would not be reliable.'
        end as not_available_reason
    from sums
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on sums.indicator_id = catalogue.indicator_id
)

select
    indicator_id,
    area_code,
    period_kind,
    period_id,
    breakdown_kind,
    breakdown_group,
    cast(events as bigint) as numerator,
    cast(population as bigint) as denominator,
    case
        when not_available_reason is null
            then cast(cast(rate_sum as decimal(38, 18)) * multiplier as decimal(38, 9))
    end as value_numerator,
    cast(weights as decimal(20, 9)) as value_denominator,
    case
        when not_available_reason is null
            then {{ dobson_limit('lower', 'events', 'rate_sum', 'variance_sum', 'weights', 'multiplier') }}
    end as lower_limit,
    case
        when not_available_reason is null
            then {{ dobson_limit('upper', 'events', 'rate_sum', 'variance_sum', 'weights', 'multiplier') }}
    end as upper_limit,
    case
        when not_available_reason is null then 'Dobson, for events that repeat in one person'
        else 'none: no value'
    end as interval_method,
    not_available_reason
from judged
