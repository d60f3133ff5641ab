-- Physical health checks of people with a severe mental illness, as the practices count them.
select
    'smi_physical_health_check' as indicator_id,
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
where ind_code = 'MH021'
