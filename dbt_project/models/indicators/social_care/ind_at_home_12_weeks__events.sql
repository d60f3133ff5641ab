-- Reablement services that ended, of people aged 65 and over: whether the person was at home on the 84th day after, that
-- is alive and in neither hospital nor care home. First and last days count as being there.
with ended as (
    select
        person_key,
        event_reference,
        event_start_date,
        event_end_date as event_date,
        cast({{ dbt.dateadd('day', 84, 'event_end_date') }} as date) as day_84
    from {{ ref('int_care_services') }}
    where is_reablement and event_end_date is not null
),

away as (
    select
        ended.event_reference,
        ended.event_start_date
    from ended
    inner join {{ ref('int_deaths') }} as deaths
        on ended.person_key = deaths.person_key and ended.day_84 >= deaths.date_of_death
    union
    select
        ended.event_reference,
        ended.event_start_date
    from ended
    inner join {{ ref('int_hospital_stays') }} as stays
        on ended.person_key = stays.person_key and ended.day_84 between stays.admission_date and stays.discharge_date
    union
    select
        ended.event_reference,
        ended.event_start_date
    from ended
    inner join {{ ref('int_care_services') }} as homes
        on
            ended.person_key = homes.person_key
            and homes.is_care_home
            and ended.day_84 >= homes.event_start_date
            and ended.day_84 <= coalesce(homes.event_end_date, ended.day_84)
),

followed as (
    select
        ended.person_key,
        ended.event_date,
        case when away.event_reference is null then 1 else 0 end as numerator
    from ended
    left join away
        on ended.event_reference = away.event_reference and ended.event_start_date = away.event_start_date
)

select
    'at_home_12_weeks' as indicator_id,
    person_key,
    event_date,
    cast(numerator as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('followed', 'event_date') }} as services
where age_years >= 65
