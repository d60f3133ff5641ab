-- Deaths of people whose wish where to die was in force: whether they died there. Without a wish nobody is counted.
select
    'died_in_preferred_place' as indicator_id,
    deaths.person_key,
    deaths.event_date,
    cast(case when deaths.place_of_death = wishes.preferred_place then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    deaths.pcn,
    deaths.deprivation,
    deaths.age_group,
    deaths.age_band,
    deaths.area_code
from {{ ref('int_counted_deaths') }} as deaths
inner join {{ ref('int_wishes_at_death') }} as wishes
    on deaths.person_key = wishes.person_key and deaths.event_date = wishes.event_date
