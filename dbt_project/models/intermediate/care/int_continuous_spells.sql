-- Continuous spells: a person's hospital stays joined where one trust handed over to another. A stay continues the one
-- before it, in the order of admission, discharge and id, when that one ended in another hospital and the admission is
-- on the day of its discharge or the day after. How the person came in and why is the first stay's to say, how they
-- left the last one's.
--
-- Only people whose rows something can have changed are built again (README, "Only what changed").
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    meta={'people_of': ['admitted_care']},
    pre_hook="{{ delete_changed_people('admitted_care') }}"
) }}
with stays as (
    select
        person_key,
        organisation,
        spell_id,
        admission_date,
        admission_method,
        discharge_date,
        discharge_destination,
        primary_diagnosis,
        external_cause,
        same_day_emergency_care,
        lag(discharge_date) over (
            partition by person_key order by admission_date, discharge_date, spell_id, organisation
        ) as discharge_before,
        lag(discharge_destination) over (
            partition by person_key order by admission_date, discharge_date, spell_id, organisation
        ) as destination_before
    from {{ ref('int_hospital_stays') }}
    where 1 = 1 {{ and_person_is_changed('person_key', 'admitted_care') }}
),

numbered as (
    select
        stays.*,
        sum(case
            when
                destination_before = '51'
                and {{ dbt.datediff('discharge_before', 'admission_date', 'day') }} between 0 and 1
                then 0
            else 1
        end) over (
            partition by person_key
            order by admission_date, discharge_date, spell_id, organisation
            rows between unbounded preceding and current row
        ) as spell_number
    from stays
),

placed as (
    select
        numbered.*,
        row_number() over (
            partition by person_key, spell_number order by admission_date, discharge_date, spell_id, organisation
        ) as place,
        row_number() over (
            partition by person_key, spell_number
            order by admission_date desc, discharge_date desc, spell_id desc, organisation desc
        ) as place_from_end
    from numbered
)

select
    person_key,
    cast(spell_number as bigint) as spell_number,
    max(case when place = 1 then admission_date end) as admission_date,
    max(case when place = 1 then admission_method end) as admission_method,
    max(case when place = 1 then same_day_emergency_care end) as same_day_emergency_care,
    max(case when place = 1 then primary_diagnosis end) as primary_diagnosis,
    max(case when place = 1 then external_cause end) as external_cause,
    max(case when place_from_end = 1 then discharge_date end) as discharge_date,
    max(case when place_from_end = 1 then discharge_destination end) as discharge_destination,
    max(case when place = 1 and admission_method like '2%' then 1 else 0 end) = 1 as is_emergency
from placed
group by person_key, spell_number
