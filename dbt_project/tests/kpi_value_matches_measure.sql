{{ config(meta={'dagster': {'ref': {'name': 'kpi_return'}}}) }}
-- What an agreement scores and what the indicator prints are one figure wherever the two precisions are the same.
select
    kpi_return.figure_id,
    kpi_return.value,
    measures.value as measure_value
from {{ ref('kpi_return') }} as kpi_return
inner join {{ ref('measures') }} as measures
    on
        kpi_return.indicator_id = measures.indicator_id
        and kpi_return.area_code = measures.area_code
        and kpi_return.period_id = measures.period_id
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on measures.indicator_id = catalogue.indicator_id
where
    kpi_return.value_decimals = catalogue.value_decimals
    and kpi_return.value is not null
    and measures.value is not null
    and kpi_return.value <> measures.value
