-- Continuous spells of people aged 65 and over that began as an emergency and lasted past midnight, by the day they
-- ended.
select
    'emergency_admissions_65_over' as indicator_id,
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
where is_overnight_emergency and age_years >= 65
