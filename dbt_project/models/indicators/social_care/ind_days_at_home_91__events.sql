-- Emergency spells of at least one night of people aged 65 and over that ended neither by death nor in another
-- hospital: on how many of the 91 days after it the person was alive and at home, that is in neither hospital nor care
-- home on any part of the day. The day of a death and those after it are no days at home: leaving out who dies would
-- leave out the sickest, and a death would raise the figure.
with discharges as (
    select
        spells.person_key,
        spells.spell_number,
        spells.event_date,
        spells.pcn,
        spells.deprivation,
        spells.age_group,
        spells.age_band,
        spells.area_code,
        cast({{ dbt.dateadd('day', 1, 'spells.event_date') }} as date) as first_day,
        cast({{ dbt.dateadd('day', 91, 'spells.event_date') }} as date) as last_day
    from {{ ref('int_spell_ends') }} as spells
    where
        spells.is_overnight_emergency
        and spells.discharge_destination not in ('51', '79')
        and spells.age_years >= 65
),

away as (
    select
        discharges.person_key,
        discharges.spell_number,
        greatest(stays.admission_date, discharges.first_day) as from_day,
        least(stays.discharge_date, discharges.last_day) as to_day
    from discharges
    inner join {{ ref('int_hospital_stays') }} as stays
        on
            discharges.person_key = stays.person_key
            and discharges.first_day <= stays.discharge_date
            and discharges.last_day >= stays.admission_date
    union all
    select
        discharges.person_key,
        discharges.spell_number,
        greatest(homes.event_start_date, discharges.first_day) as from_day,
        least(coalesce(homes.event_end_date, discharges.last_day), discharges.last_day) as to_day
    from discharges
    inner join {{ ref('int_care_services') }} as homes
        on
            discharges.person_key = homes.person_key
            and homes.is_care_home
            and discharges.first_day <= coalesce(homes.event_end_date, discharges.last_day)
            and discharges.last_day >= homes.event_start_date
    union all
    select
        discharges.person_key,
        discharges.spell_number,
        greatest(deaths.date_of_death, discharges.first_day) as from_day,
        discharges.last_day as to_day
    from discharges
    inner join {{ ref('int_deaths') }} as deaths
        on discharges.person_key = deaths.person_key and discharges.last_day >= deaths.date_of_death
),

-- Of times away that overlap, each adds the days after the latest end so far.
ordered as (
    select
        away.*,
        max(to_day) over (
            partition by person_key, spell_number
            order by from_day, to_day
            rows between unbounded preceding and 1 preceding
        ) as away_until
    from away
),

lost as (
    select
        person_key,
        spell_number,
        sum(case
            when away_until is null or away_until < from_day then {{ dbt.datediff('from_day', 'to_day', 'day') }} + 1
            when away_until < to_day then {{ dbt.datediff('away_until', 'to_day', 'day') }}
            else 0
        end) as lost_days
    from ordered
    group by person_key, spell_number
)

select
    'days_at_home_91' as indicator_id,
    discharges.person_key,
    discharges.event_date,
    cast(1 as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(91 - coalesce(lost.lost_days, 0) as bigint) as amount,
    discharges.pcn,
    discharges.deprivation,
    discharges.age_group,
    discharges.age_band,
    discharges.area_code
from discharges
left join lost
    on discharges.person_key = lost.person_key and discharges.spell_number = lost.spell_number
