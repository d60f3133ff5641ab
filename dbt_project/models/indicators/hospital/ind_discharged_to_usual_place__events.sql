-- Continuous spells of adults of at least one night that ended neither by death nor in another hospital: whether the
-- person went back to where they usually live.
select
    'discharged_to_usual_place' as indicator_id,
    person_key,
    event_date,
    cast(case when discharge_destination = '19' then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_spell_ends') }}
where nights >= 1 and discharge_destination not in ('51', '79') and age_years >= 18
