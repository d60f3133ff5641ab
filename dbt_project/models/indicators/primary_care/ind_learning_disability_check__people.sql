-- Health checks of people with a learning disability, as the practices count them. The count starts again in April:
-- twelve months that end at any other time would be a part of a year.
select
    'learning_disability_check' as indicator_id,
    period_kind,
    period_id,
    cast(null as bigint) as person_key,
    numerator,
    denominator,
    pcn,
    'unknown' as deprivation,
    'unknown' as age_group,
    area_code
from {{ ref('int_practice_counts') }}
where ind_code = 'LDHC01'
