-- Continuous spells that began as an emergency and lasted past midnight, by the day they ended. Same-day emergency care
-- and stays that end on the day they began are left out in every year alike: their recording moved elsewhere.
select
    'emergency_admissions' as indicator_id,
    person_key,
    event_date,
    cast(1 as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_spell_ends') }}
where is_overnight_emergency
