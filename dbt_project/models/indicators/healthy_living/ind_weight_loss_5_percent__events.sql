-- Courses of adult weight management that began: whether the person completed them and had lost at least 5 % of the
-- weight at the start. Who was not weighed at either end is not known to have lost any.
select
    'weight_loss_5_percent' as indicator_id,
    person_key,
    event_date,
    cast(case when is_completed = 1 and end_weight_kg * 100 <= start_weight_kg * 95 then 1 else 0 end as bigint)
        as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_started_courses') }}
where programme = 'adult_weight_management'
