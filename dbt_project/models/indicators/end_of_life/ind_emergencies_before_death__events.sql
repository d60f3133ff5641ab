-- Deaths of known people other than from external causes and of newborn babies: whether the person was admitted as an
-- emergency three times or more on the last 90 days, the day of death and the 89 before it. An admission counts when it
-- lasted past midnight or ended in the death.
with admissions as (
    select
        deaths.person_key,
        deaths.event_date,
        count(distinct spells.spell_number) as admissions
    from {{ ref('int_counted_deaths') }} as deaths
    inner join {{ ref('int_continuous_spells') }} as spells
        on
            deaths.person_key = spells.person_key
            and {{ dbt.datediff('spells.admission_date', 'deaths.event_date', 'day') }} between 0 and 89
    where
        spells.is_emergency
        and spells.same_day_emergency_care = 'N'
        and (spells.discharge_date > spells.admission_date or spells.discharge_destination = '79')
    group by deaths.person_key, deaths.event_date
)

select
    'emergencies_before_death' as indicator_id,
    deaths.person_key,
    deaths.event_date,
    cast(case when admissions.admissions >= 3 then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    deaths.pcn,
    deaths.deprivation,
    deaths.age_group,
    deaths.age_band,
    deaths.area_code
from {{ ref('int_counted_deaths') }} as deaths
left join admissions
    on deaths.person_key = admissions.person_key and deaths.event_date = admissions.event_date
where deaths.person_key is not null
