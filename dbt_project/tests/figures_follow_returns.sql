{{ config(meta={'dagster': {'ref': {'name': 'measures'}}}) }}
-- Where daily returns were accepted there are days, and where there are days there are figures: a join that finds
-- nothing must not pass for a place without data.
select 'no day was made from the daily returns' as problem
where
    exists (select 1 from {{ ref('stg_daily_discharge_return') }})
    and not exists (select 1 from {{ ref('int_discharge_days') }})
union all
select 'no figure was made from the days' as problem
where
    exists (select 1 from {{ ref('int_discharge_days') }})
    and not exists (select 1 from {{ ref('measures') }})
