-- Where people who died had said they wished to die: of the plans in force on the day of death that name a place, the
-- one reviewed last, that day included. A plan closed before the death is in force no more, and one reviewed after it
-- does not say what was wished before. A plan that leaves the place undiscussed takes back nothing another one names.
-- Read once for both indicators of preferred places.
with deaths as (
    select distinct
        person_key,
        event_date
    from {{ ref('int_counted_deaths') }}
    where person_key is not null
),

ranked as (
    select
        deaths.person_key,
        deaths.event_date,
        plans.preferred_place,
        row_number() over (
            partition by deaths.person_key, deaths.event_date
            order by
                coalesce(plans.reviewed_on, plans.plan_created_on) desc, plans.plan_created_on desc,
                plans.organisation desc, plans.record_id desc
        ) as place
    from deaths
    inner join {{ in_force('end_of_life_plans') }} as plans
        on
            deaths.person_key = plans.person_key
            and deaths.event_date >= coalesce(plans.reviewed_on, plans.plan_created_on)
            and deaths.event_date <= coalesce(plans.plan_ended_on, deaths.event_date)
    where plans.preferred_place != 'not_discussed'
)

select
    person_key,
    event_date,
    preferred_place
from ranked
where place = 1
