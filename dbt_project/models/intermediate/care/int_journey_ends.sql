-- Ends of treatment journeys: how each ended, how many days later the person began another, and how many days later they
-- died, with the attributes of the month of the end. Read once for every indicator of what came after.
with ended as (
    select
        journeys.person_key,
        journeys.journey_end as event_date,
        journeys.outcome,
        {{ dbt.datediff('journeys.journey_end', 'journeys.next_journey_start', 'day') }} as days_to_return,
        {{ dbt.datediff('journeys.journey_end', 'deaths.date_of_death', 'day') }} as days_to_death
    from {{ ref('int_treatment_journeys') }} as journeys
    left join {{ ref('int_deaths') }} as deaths
        on journeys.person_key = deaths.person_key
    where journeys.journey_end is not null
)

select
    person_key,
    event_date,
    outcome,
    days_to_return,
    days_to_death,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('ended', 'event_date', keep_unknown=true) }} as ends
