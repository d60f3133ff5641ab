-- People with cardiovascular disease whose cholesterol is at its target, as the practices count them.
select
    'cholesterol_to_target' as indicator_id,
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
where ind_code = 'CHOL004'
