-- Continuous spells that began as an emergency with a chronic condition that care outside hospital can often keep out
-- of it, and lasted past midnight, by the day they ended: hepatitis B, anaemias of iron, B12 and folate, diabetes,
-- dementia, epilepsy, hypertension, angina and ischaemic heart disease, atrial fibrillation, heart failure, chronic
-- obstructive disease of the lung, asthma.
select
    'chronic_acsc_admissions' as indicator_id,
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
    is_overnight_emergency
    and (
        substr(primary_diagnosis, 1, 3) in (
            'D51', 'D52', 'E10', 'E11', 'E12', 'E13', 'E14', 'F00', 'F01', 'F02', 'F03', 'G40', 'G41', 'I10', 'I20',
            'I25', 'I48', 'I50', 'J41', 'J42', 'J43', 'J44', 'J45', 'J46', 'J47', 'J81'
        )
        or substr(primary_diagnosis, 1, 4) in ('B180', 'B181', 'D501', 'D508', 'D509', 'I110', 'I119', 'I130')
    )
