{{ config(meta={'dagster': {'ref': {'name': 'kpi_return'}}}) }}
-- The level is the one the value reaches, found a second way: by counting the knots it is at or beyond.
with counted as (
    select
        kpi_return.figure_id,
        kpi_return.value,
        kpi_return.level,
        case when kpis.polarity = 'low' then -1 else 1 end as direction,
        kpis.poor,
        kpis.minimum,
        kpis.stretch,
        kpis.game_breaking
    from {{ ref('kpi_return') }} as kpi_return
    inner join {{ source('run', 'agreement_kpis') }} as kpis
        on
            kpi_return.agreement_id = kpis.agreement_id
            and kpi_return.kpi_id = kpis.kpi_id
            and kpi_return.period_end >= kpis.effective_from
            and kpi_return.period_start <= coalesce(kpis.effective_to, kpi_return.period_start)
),

reached as (
    select
        counted.*,
        case when direction * value >= direction * poor then 1 else 0 end
        + case when direction * value >= direction * minimum then 1 else 0 end
        + case when direction * value >= direction * stretch then 1 else 0 end
        + case when direction * value >= direction * game_breaking then 1 else 0 end as knots
    from counted
)

select *
from reached
where
    level is distinct from case
        when value is null or poor is null then null
        else case knots
            when 0 then 'failure' when 1 then 'poor' when 2 then 'minimum' when 3 then 'stretch' else 'game_breaking'
        end
    end
