-- Deaths that count, with the attributes of the month of death: those other than from external causes and of newborn
-- babies, also of nobody known. Read once for every indicator of deaths.
with deaths as (
    select
        person_key,
        date_of_death as event_date,
        place_of_death
    from {{ in_force('deaths', 'date_of_death') }} as deaths
    where external_or_neonatal = 'N'
)

select
    person_key,
    event_date,
    place_of_death,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('deaths', 'event_date', keep_unknown=true) }} as deaths
