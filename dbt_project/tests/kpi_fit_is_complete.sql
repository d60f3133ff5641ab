{{ config(meta={'dagster': {'ref': {'name': 'kpi_return'}}}) }}
-- No row is fit to be paid on whose share of missing days, counted again from the days, is above the agreed limit.
with counted as (
    select
        kpi_return.figure_id,
        kpis.max_missing_pct,
        count(*) as days,
        count(*) filter (where days.day_status <> 'complete') as incomplete_days
    from {{ ref('kpi_return') }} as kpi_return
    inner join {{ source('run', 'agreement_kpis') }} as kpis
        on
            kpi_return.agreement_id = kpis.agreement_id
            and kpi_return.kpi_id = kpis.kpi_id
            and kpi_return.period_end >= kpis.effective_from
            and kpi_return.period_start <= coalesce(kpis.effective_to, kpi_return.period_start)
    inner join {{ ref('int_indicator_days') }} as days
        on
            kpi_return.indicator_id = days.indicator_id
            and kpi_return.area_code = days.area_code
            and days.day between kpi_return.measurement_start and kpi_return.measurement_end
    where kpi_return.quality_status = 'fit'
    group by kpi_return.figure_id, kpis.max_missing_pct
)

select *
from counted
where incomplete_days * 100 > max_missing_pct * days
