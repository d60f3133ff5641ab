-- Deaths other than from external causes and of newborn babies: whether in hospital.
select
    'deaths_in_hospital' as indicator_id,
    person_key,
    event_date,
    cast(case when place_of_death = 'hospital' then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_counted_deaths') }}
