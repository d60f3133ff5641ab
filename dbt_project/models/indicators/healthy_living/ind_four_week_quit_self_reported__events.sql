-- Quit dates: whether the person was found to have quit on day 25 to 42 after it, by their own word or verified. Lost to
-- follow-up is not quit.
with quits as (
    select
        person_key,
        quit_date as event_date,
        case
            when
                outcome in ('quit_co_verified', 'quit_self_report')
                and {{ dbt.datediff('quit_date', 'follow_up_date', 'day') }} between 25 and 42
                then 1
            else 0
        end as numerator
    from {{ in_force('stop_smoking', 'quit_date') }} as quits
)

select
    'four_week_quit_self_reported' as indicator_id,
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
