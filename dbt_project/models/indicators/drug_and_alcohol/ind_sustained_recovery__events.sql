-- Treatment journeys of any substance that ended as completed: whether the person started no other within 365 days.
-- Who died in those days could neither return nor stay recovered and is left out.
with completed as (
    select
        journeys.person_key,
        journeys.journey_end as event_date,
        case
            when {{ dbt.datediff('journeys.journey_end', 'journeys.next_journey_start', 'day') }} <= 365 then 0
            else 1
        end as numerator
    from {{ ref('int_treatment_journeys') }} as journeys
    left join {{ ref('int_deaths') }} as deaths
        on journeys.person_key = deaths.person_key
    where
        journeys.outcome = 'completed'
        and coalesce(
            {{ dbt.datediff('journeys.journey_end', 'deaths.date_of_death', 'day') }} not between 1 and 365, true
        )
)

select
    'sustained_recovery' as indicator_id,
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
from {{ as_at('completed', 'event_date', keep_unknown=true) }} as journeys
