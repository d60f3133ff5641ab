-- Quit dates nobody followed up on day 25 to 42 after it: lost, without a day, or on another day.
with quits as (
    select
        person_key,
        quit_date as event_date,
        case
            when
                outcome <> 'lost'
                and {{ dbt.datediff('quit_date', 'follow_up_date', 'day') }} between 25 and 42
                then 0
            else 1
        end as numerator
    from {{ in_force('stop_smoking', 'quit_date') }} as quits
)

select
    'quit_lost_to_follow_up' as indicator_id,
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
from {{ as_at('quits', 'event_date', keep_unknown=true) }} as quits
