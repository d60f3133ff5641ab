-- People with a journey for alcohol alone in the period: whether the latest-starting one ended inside it as completed,
-- with no journey for any substance in the 182 days after.
select
    'alcohol_treatment_completion' as indicator_id,
    period_kind,
    period_id,
    person_key,
    numerator,
    cast(1 as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ ref('int_treated_people') }}
where substance_group = 'alcohol'
