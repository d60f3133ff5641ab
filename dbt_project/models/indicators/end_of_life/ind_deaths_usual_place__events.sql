-- Deaths other than from external causes and of newborn babies: whether at home, in a care home or in a religious
-- establishment.
with deaths as (
    select
        person_key,
        date_of_death as event_date,
        case when place_of_death in ('home', 'care_home', 'religious') then 1 else 0 end as numerator
    from {{ in_force('deaths', 'date_of_death') }} as deaths
    where external_or_neonatal = 'N'
)

select
    'deaths_usual_place' as indicator_id,
    person_key,
    event_date,
    cast(numerator as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('deaths', 'event_date', keep_unknown=true) }} as deaths
