{{ config(meta={'dagster': {'ref': {'name': 'lineage'}}}) }}
-- A figure with a value names the submissions it rests on; so does every member's cost of a period.
with figures as (
    select figure_id
    from {{ ref('measures') }}
    where value is not null
    union all
    select figure_id
    from {{ ref('kpi_return') }}
    where value is not null
    union all
    select {{ figure_id('ledger', ['agreement_id', 'period_id', 'member_id']) }} as figure_id
    from {{ ref('ledger') }}
)

select distinct figures.figure_id
from figures
left join {{ ref('lineage') }} as lineage
    on figures.figure_id = lineage.figure_id
where lineage.figure_id is null
