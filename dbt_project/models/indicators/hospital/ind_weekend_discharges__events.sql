-- Continuous spells of adults of at least one night that ended neither by death nor in another hospital: whether they
-- ended on a Saturday or a Sunday. Counted in days from a Monday: databases do not number the days of a week alike.
select
    'weekend_discharges' as indicator_id,
    person_key,
    event_date,
    cast(
        case
            when mod({{ dbt.datediff("cast('1900-01-01' as date)", 'event_date', 'day') }}, 7) in (5, 6) then 1
            else 0
        end as bigint
    ) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_spell_ends') }}
where nights >= 1 and discharge_destination not in ('51', '79') and age_years >= 18
