-- How complete the data behind each indicator are, by month. For indicators counted from people the month reaches as far
-- as their events are looked back on and followed up.
with judged as (
    select
        indicator_id,
        period_id,
        period_start,
        covered_days,
        missing_days
    from {{ ref('int_period_sums') }}
    where period_kind = 'month' and covered_days > 0
    union all
    select
        indicator_id,
        period_id,
        period_start,
        covered_days,
        missing_days
    from {{ ref('int_indicator_periods') }}
    where period_kind = 'month' and covered_days > 0
)

select
    cast(judged.indicator_id as {{ dbt.type_string() }}) as indicator_id,
    cast(judged.period_id as {{ dbt.type_string() }}) as period_id,
    judged.period_start,
    cast(judged.covered_days as integer) as expected_days,
    cast(judged.covered_days - judged.missing_days as integer) as complete_days,
    cast(judged.missing_days as integer) as missing_days,
    {{ round_half_up('judged.missing_days * 100', 'judged.covered_days', 1) }} as missing_pct,
    {{ over_limit('judged.missing_days', 'judged.covered_days', 'catalogue.max_missing_pct') }} as withheld
from judged
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on judged.indicator_id = catalogue.indicator_id
