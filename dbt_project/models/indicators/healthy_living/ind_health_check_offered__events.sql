-- Invitations to an NHS Health Check of registered people aged 40 to 74.
with invitations as (
    select
        person_key,
        invited_on as event_date
    from {{ in_force('nhs_health_checks', 'invited_on') }} as checks
)

select
    'health_check_offered' as indicator_id,
    person_key,
    event_date,
    cast(1 as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('invitations', 'event_date') }} as invitations
where age_years between 40 and 74
