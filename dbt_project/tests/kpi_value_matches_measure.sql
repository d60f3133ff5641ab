{{ config(meta={'dagster': {'ref': {'name': 'kpi_return'}}}) }}
-- What an agreement scores and what the indicator prints are one figure wherever the two precisions are the same.
with printed as (
    select
        indicator_id,
        area_code,
        period_start,
        period_end,
        'all' as breakdown_kind,
        'all' as breakdown_group,
        value
    from {{ ref('measures') }}
    union all
    select
        indicator_id,
        area_code,
        period_start,
        period_end,
        breakdown_kind,
        breakdown_group,
        value
    from {{ ref('breakdowns') }}
)

select
    kpi_return.figure_id,
    kpi_return.value,
    measures.value as measure_value
from {{ ref('kpi_return') }} as kpi_return
inner join {{ source('run', 'agreement_kpis') }} as kpis
    on
        kpi_return.agreement_id = kpis.agreement_id
        and kpi_return.kpi_id = kpis.kpi_id
        and kpi_return.period_end >= kpis.effective_from
        and kpi_return.period_start <= coalesce(kpis.effective_to, kpi_return.period_start)
inner join printed as measures
    on
        kpi_return.indicator_id = measures.indicator_id
        and kpi_return.area_code = measures.area_code
        and kpi_return.measurement_start = measures.period_start
        and kpi_return.measurement_end = measures.period_end
        and kpis.breakdown_kind = measures.breakdown_kind
        and kpis.breakdown_group = measures.breakdown_group
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on measures.indicator_id = catalogue.indicator_id
where
    kpi_return.value_decimals = catalogue.value_decimals
    and kpi_return.value is not null
    and measures.value is not null
    and kpi_return.value <> measures.value
