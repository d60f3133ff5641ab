-- Adults recorded with hypertension in the snapshot of the period's last day: whether their last blood pressure is at
-- most 365 days old and within the threshold for their age.
select
    'hypertension_treated' as indicator_id,
    period_kind,
    period_id,
    person_key,
    cast(case
        when
            days_old between 0 and 365
            and systolic <= case when age_years < 80 then 140 else 150 end
            and diastolic <= 90
            then 1
        else 0
    end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ ref('int_blood_pressures') }}
