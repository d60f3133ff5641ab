-- Continuous spells of people aged 65 and over of at least one night that ended neither by death nor in another
-- hospital, with reablement that began 0 to 7 days after: whether the person was at home on the 91st day after the
-- discharge, that is alive and in neither hospital nor care home. First and last days count as being there. A service
-- follows one stay only, the last before it: it cannot speak for the discharge before a return to hospital as well.
with followed as (
    select
        spells.person_key,
        spells.spell_number,
        row_number() over (
            partition by services.person_key, services.event_start_date
            order by spells.discharge_date desc, spells.spell_number desc
        ) as place
    from {{ ref('int_continuous_spells') }} as spells
    inner join {{ ref('int_care_services') }} as services
        on
            spells.person_key = services.person_key
            and services.is_reablement
            and {{ dbt.datediff('spells.discharge_date', 'services.event_start_date', 'day') }} between 0 and 7
    where spells.discharge_date > spells.admission_date and spells.discharge_destination not in ('51', '79')
),

discharges as (
    select distinct
        spells.person_key,
        spells.spell_number,
        spells.event_date,
        spells.pcn,
        spells.deprivation,
        spells.age_group,
        spells.age_band,
        spells.area_code,
        cast({{ dbt.dateadd('day', 91, 'spells.event_date') }} as date) as day_91
    from {{ ref('int_spell_ends') }} as spells
    inner join followed
        on spells.person_key = followed.person_key and spells.spell_number = followed.spell_number
    where followed.place = 1 and spells.age_years >= 65
),

away as (
    select
        discharges.person_key,
        discharges.spell_number
    from discharges
    inner join {{ ref('int_deaths') }} as deaths
        on discharges.person_key = deaths.person_key and discharges.day_91 >= deaths.date_of_death
    union
    select
        discharges.person_key,
        discharges.spell_number
    from discharges
    inner join {{ ref('int_hospital_stays') }} as stays
        on
            discharges.person_key = stays.person_key
            and discharges.day_91 between stays.admission_date and stays.discharge_date
    union
    select
        discharges.person_key,
        discharges.spell_number
    from discharges
    inner join {{ ref('int_care_services') }} as homes
        on
            discharges.person_key = homes.person_key
            and homes.is_care_home
            and discharges.day_91 >= homes.event_start_date
            and discharges.day_91 <= coalesce(homes.event_end_date, discharges.day_91)
)

select
    'at_home_91_days' as indicator_id,
    discharges.person_key,
    discharges.event_date,
    cast(case when away.person_key is null then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    discharges.pcn,
    discharges.deprivation,
    discharges.age_group,
    discharges.age_band,
    discharges.area_code
from discharges
left join away
    on discharges.person_key = away.person_key and discharges.spell_number = away.spell_number
