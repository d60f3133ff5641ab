-- Continuous spells of people aged 65 and over of at least one night that ended neither by death nor in another
-- hospital, of people who had not lived in a long-term care home before: whether the first one began 0 to 28 days
-- after.
with first_homes as (
    select
        person_key,
        min(event_start_date) as first_day
    from {{ ref('int_care_services') }}
    where is_care_home
    group by person_key
),

discharges as (
    select
        spells.*,
        {{ dbt.datediff('spells.event_date', 'homes.first_day', 'day') }} as days_to_home
    from {{ ref('int_spell_ends') }} as spells
    left join first_homes as homes
        on spells.person_key = homes.person_key
    where spells.nights >= 1 and spells.discharge_destination not in ('51', '79') and spells.age_years >= 65
)

select
    'hospital_to_care_home' as indicator_id,
    person_key,
    event_date,
    cast(case when days_to_home <= 28 then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from discharges
where coalesce(days_to_home >= 0, true)
