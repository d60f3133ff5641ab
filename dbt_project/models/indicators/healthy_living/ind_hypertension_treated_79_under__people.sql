-- People aged 18 to 79 recorded with hypertension in the snapshot of the period's last day: whether their last blood
-- pressure is at most 365 days old and 140/90 or below.
select
    'hypertension_treated_79_under' as indicator_id,
    period_kind,
    period_id,
    person_key,
    cast(case when days_old between 0 and 365 and systolic <= 140 and diastolic <= 90 then 1 else 0 end as bigint)
        as numerator,
    cast(1 as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ ref('int_blood_pressures') }}
where age_years between 18 and 79
