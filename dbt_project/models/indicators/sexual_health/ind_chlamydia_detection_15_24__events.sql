-- Chlamydia diagnoses of women aged 15 to 24 who live in the area. The clinic's rows belong to no person: age and
-- neighbourhood are as the clinic recorded them.
select
    'chlamydia_detection_15_24' as indicator_id,
    cast(null as bigint) as person_key,
    attendances.attendance_date as event_date,
    cast(1 as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    'unknown' as pcn,
    areas.deprivation,
    'unknown' as age_group,
    cast(null as {{ dbt.type_string() }}) as age_band,
    alliance.area_code
from {{ in_force('sexual_health', 'attendance_date') }} as attendances
inner join {{ ref('int_small_areas') }} as areas
    on attendances.lsoa_code = areas.lsoa_code
inner join {{ ref('int_alliance_area') }} as alliance
    on areas.area_code = alliance.area_code
where
    attendances.activity = 'C4'
    and attendances.gender = '2'
    and attendances.age between 15 and 24
