-- Numerators and denominators as the practices' achievement extract counts them on a period's last day: one row a
-- count, practice and period, no person. A practice that lacks either part of the quotient is left out. One that two
-- networks report counts once, both parts as one network reports them: its own on that day, else the one whose code
-- comes last. A part that this one lacks is not taken from the other.
with counts as (
    select
        achievement.ind_code,
        achievement.practice_code,
        achievement.ach_date,
        achievement.field_name,
        achievement.value,
        coalesce(networks.pcn, 'unknown') as pcn,
        dense_rank() over (
            partition by achievement.ind_code, achievement.practice_code, achievement.ach_date
            order by
                case when achievement.organisation = networks.pcn then 0 else 1 end,
                achievement.organisation desc
        ) as place
    from {{ in_force('pcn_achievement', 'ach_date') }} as achievement
    left join {{ ref('int_practice_networks') }} as networks
        on
            achievement.practice_code = networks.practice_code
            and achievement.ach_date >= networks.valid_from
            and achievement.ach_date <= coalesce(networks.valid_to, achievement.ach_date)
),

practices as (
    select
        ind_code,
        practice_code,
        ach_date,
        pcn,
        max(case when field_name = 'NUMERATOR' then value end) as numerator,
        max(case when field_name = 'DENOMINATOR' then value end) as denominator
    from counts
    where place = 1
    group by ind_code, practice_code, ach_date, pcn
)

select
    practices.ind_code,
    periods.period_kind,
    periods.period_id,
    practices.practice_code,
    cast(practices.numerator as bigint) as numerator,
    cast(practices.denominator as bigint) as denominator,
    practices.pcn,
    alliance.area_code
from practices
inner join {{ ref('int_periods') }} as periods
    on practices.ach_date = periods.period_end
cross join {{ ref('int_alliance_area') }} as alliance
where
    periods.has_people
    and periods.period_kind in ('quarter', 'year')
    and practices.numerator is not null
    and practices.denominator is not null
