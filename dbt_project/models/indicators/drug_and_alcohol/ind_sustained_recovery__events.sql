-- Treatment journeys of any substance that ended as completed: whether the person started no other within 365 days.
-- Who died by the last of them could neither return nor stay recovered and is left out, also where the end is dated on
-- or after the day of death: nobody recovers then.
select
    'sustained_recovery' as indicator_id,
    person_key,
    event_date,
    cast(case when days_to_return <= 365 then 0 else 1 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_journey_ends') }}
where
    outcome = 'completed'
    and coalesce(days_to_death > 365, true)
