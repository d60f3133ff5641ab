-- Reablement services of people aged 65 and over by their first day: how many emergency stays of at least one night
-- ended on that day or the 182 days before.
with services as (
    select
        person_key,
        event_start_date as event_date
    from {{ ref('int_care_services') }}
    where is_reablement
),

stays as (
    select
        begun.person_key,
        begun.event_date,
        count(*) as stays
    from (
        select distinct
            person_key,
            event_date
        from services
    ) as begun
    inner join {{ ref('int_continuous_spells') }} as spells
        on
            begun.person_key = spells.person_key
            and {{ dbt.datediff('spells.discharge_date', 'begun.event_date', 'day') }} between 0 and 182
    where
        spells.is_emergency
        and spells.same_day_emergency_care = 'N'
        and spells.discharge_date > spells.admission_date
    group by begun.person_key, begun.event_date
),

counted as (
    select
        services.person_key,
        services.event_date,
        coalesce(stays.stays, 0) as amount
    from services
    left join stays
        on services.person_key = stays.person_key and services.event_date = stays.event_date
)

select
    'acute_stays_before_reablement' as indicator_id,
    person_key,
    event_date,
    cast(1 as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(amount as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('counted', 'event_date') }} as services
where age_years >= 65
