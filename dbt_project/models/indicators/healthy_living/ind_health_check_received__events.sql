-- NHS Health Checks of registered people aged 40 to 74, by the day they came. Age and register are those of that day's
-- month, not of the invitation's.
with attendances as (
    select
        person_key,
        attended_on as event_date
    from {{ in_force('nhs_health_checks', 'invited_on') }} as checks
    where attended_on is not null
)

select
    'health_check_received' as indicator_id,
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
from {{ as_at('attendances', 'event_date') }} as attendances
where age_years between 40 and 74
