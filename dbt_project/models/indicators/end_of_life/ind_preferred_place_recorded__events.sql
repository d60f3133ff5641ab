-- Deaths of known people other than from external causes and of newborn babies: whether a wish where to die was in
-- force.
select
    'preferred_place_recorded' as indicator_id,
    deaths.person_key,
    deaths.event_date,
    cast(case when wishes.person_key is not null then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    deaths.pcn,
    deaths.deprivation,
    deaths.age_group,
    deaths.age_band,
    deaths.area_code
from {{ ref('int_counted_deaths') }} as deaths
left join {{ ref('int_wishes_at_death') }} as wishes
    on deaths.person_key = wishes.person_key and deaths.event_date = wishes.event_date
where deaths.person_key is not null
