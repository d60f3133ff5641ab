-- How many people the spine holds, by month and everything a figure is divided by: a person counts once in each month,
-- so that the sum over months is time at risk in person-months.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_changed_months() }}"
) }}
select
    spine.month_start,
    alliance.area_code,
    spine.pcn,
    spine.deprivation,
    spine.sex,
    spine.age_group,
    spine.age_band,
    spine.in_area,
    spine.age_years between 15 and 44 as is_15_44,
    count(*) as persons
from {{ ref('int_person_months') }} as spine
cross join {{ ref('int_alliance_area') }} as alliance
where spine.month_start is not null {{ and_month_is_changed('spine.month_start') }}
group by
    spine.month_start, alliance.area_code, spine.pcn, spine.deprivation, spine.sex, spine.age_group, spine.age_band,
    spine.in_area, spine.age_years between 15 and 44
