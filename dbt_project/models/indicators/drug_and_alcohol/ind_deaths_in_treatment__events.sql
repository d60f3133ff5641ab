-- Treatment journeys of any substance that ended: whether by the person's death.
select
    'deaths_in_treatment' as indicator_id,
    person_key,
    event_date,
    cast(case when outcome = 'died' then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_journey_ends') }}
