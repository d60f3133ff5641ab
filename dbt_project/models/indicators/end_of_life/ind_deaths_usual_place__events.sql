-- Deaths other than from external causes and of newborn babies: whether at home, in a care home or in a religious
-- establishment.
select
    'deaths_usual_place' as indicator_id,
    person_key,
    event_date,
    cast(case when place_of_death in ('home', 'care_home', 'religious') then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_counted_deaths') }}
