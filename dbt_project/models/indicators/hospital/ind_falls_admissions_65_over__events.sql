-- Continuous spells of people aged 65 and over that began as an emergency with an injury (S00 to T98) from a fall (W00
-- to W19), by the day they ended.
select
    'falls_admissions_65_over' as indicator_id,
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
where
    is_emergency
    and substr(primary_diagnosis, 1, 3) between 'S00' and 'T98'
    and substr(external_cause, 1, 3) between 'W00' and 'W19'
    and age_years >= 65
