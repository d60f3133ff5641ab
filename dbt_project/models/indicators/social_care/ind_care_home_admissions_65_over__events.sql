-- The first long-term residential or nursing service of a person aged 65 and over, by its first day. Later ones are
-- moves between homes.
with services as (
    select
        person_key,
        event_start_date as event_date,
        row_number() over (partition by person_key order by event_start_date, event_reference) as place
    from {{ ref('int_care_services') }}
    where is_care_home
),

first_services as (
    select
        person_key,
        event_date
    from services
    where place = 1
)

select
    'care_home_admissions_65_over' as indicator_id,
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
from {{ as_at('first_services', 'event_date') }} as services
where age_years >= 65
