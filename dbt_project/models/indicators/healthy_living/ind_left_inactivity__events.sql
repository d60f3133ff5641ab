-- Courses of physical activity begun by inactive people, who did less than 30 minutes a week: whether they completed
-- them and did 30 minutes or more at the end.
select
    'left_inactivity' as indicator_id,
    person_key,
    event_date,
    cast(case when is_completed = 1 and end_active_minutes >= 30 then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_started_courses') }}
where programme = 'activity_on_referral' and start_active_minutes < 30
