-- Treatment journeys of any substance that ended as completed: whether the person started another within 182 days,
-- with whatever provider.
select
    're_presentation_6_months' as indicator_id,
    person_key,
    event_date,
    cast(case when days_to_return <= 182 then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_journey_ends') }}
where outcome = 'completed'
