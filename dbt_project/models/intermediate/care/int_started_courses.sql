-- Courses of weight management and of physical activity that began, by their first day, with the attributes of its month:
-- whether they were gone through to the end, on one of the 182 days after. Whoever left, moved on or is still there did
-- not. Read once for every indicator of these courses.
with courses as (
    select
        person_key,
        started_on as event_date,
        programme,
        case
            when
                end_status = 'completed'
                and {{ dbt.datediff('started_on', 'ended_on', 'day') }} between 0 and 182
                then 1
            else 0
        end as is_completed,
        start_weight_kg,
        end_weight_kg,
        start_active_minutes,
        end_active_minutes
    from {{ in_force('weight_and_activity') }} as courses
    where started_on is not null
)

select
    person_key,
    event_date,
    programme,
    is_completed,
    start_weight_kg,
    end_weight_kg,
    start_active_minutes,
    end_active_minutes,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('courses', 'event_date', keep_unknown=true) }} as courses
