-- People with an emergency spell that lasted past midnight and ended in the year: whether they had three or more. Once a
-- person and year, with the attributes of its last month; who has died or left by then stands under unknown.
--
-- Only people whose rows something can have changed are built again (README, "Only what changed").
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    meta={'people_of': ['admitted_care']},
    pre_hook="{{ delete_changed_people('admitted_care') }}"
) }}
with monthly as (
    select
        person_key,
        cast({{ dbt.date_trunc('month', 'event_date') }} as date) as month_start,
        count(*) as spells
    from {{ ref('int_spell_ends') }}
    where is_overnight_emergency {{ and_person_is_changed('person_key', 'admitted_care') }}
    group by person_key, cast({{ dbt.date_trunc('month', 'event_date') }} as date)
),

yearly as (
    select
        periods.period_kind,
        periods.period_id,
        periods.period_end,
        monthly.person_key,
        sum(monthly.spells) as spells
    from {{ ref('int_periods') }} as periods
    inner join monthly
        on monthly.month_start between periods.period_start and periods.period_end
    where periods.has_people and periods.period_kind in ('year', 'rolling_year')
    group by periods.period_kind, periods.period_id, periods.period_end, monthly.person_key
)

select
    'frequent_emergency_admissions' as indicator_id,
    period_kind,
    period_id,
    person_key,
    cast(case when spells >= 3 then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ as_at('yearly', 'period_end', keep_unknown=true) }} as people
