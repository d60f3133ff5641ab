-- How complete the daily returns behind each indicator are, by month.
select
    cast(measures.indicator_id as {{ dbt.type_string() }}) as indicator_id,
    measures.period_id,
    measures.period_start,
    measures.covered_days as expected_days,
    cast(measures.covered_days - measures.missing_days as integer) as complete_days,
    measures.missing_days,
    {{ round_half_up('measures.missing_days * 100', 'measures.covered_days', 1) }} as missing_pct,
    {{ over_limit('measures.missing_days', 'measures.covered_days', 'catalogue.max_missing_pct') }} as withheld
from {{ ref('measures') }} as measures
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on measures.indicator_id = catalogue.indicator_id
where
    measures.period_kind = 'month'
    and measures.covered_days > 0
    and catalogue.statistic <> 'published_percentage'
