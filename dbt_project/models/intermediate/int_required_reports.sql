-- For every day: which organisation's figure, in which feed and measure, an area needs for the day to be complete.
-- The register in force is the reference submission that covers the day. After the last day any covers, the last one
-- stays in force: an organisation does not stop having to report because the register was not sent again.
{{ config(meta={'submissions_of': ['reference_organisations']}) }}
with register_days as (
    select
        organisation,
        day,
        submission_id
    from {{ ref('int_submission_coverage') }}
    where feed = 'reference_organisations'
),

last_days as (
    select
        organisation,
        max(day) as last_day
    from register_days
    group by organisation
),

in_force as (
    select
        calendar.day,
        register_days.submission_id
    from {{ ref('int_calendar') }} as calendar
    cross join last_days
    inner join register_days
        on
            last_days.organisation = register_days.organisation
            and register_days.day = case
                when calendar.day > last_days.last_day then last_days.last_day else calendar.day
            end
)

select distinct
    register.area_code,
    in_force.day,
    register.required_feed as feed,
    register.member_organisation,
    register.measure,
    register.submission_id
from in_force
inner join {{ ref('stg_reference_organisations') }} as register
    on in_force.submission_id = register.submission_id
where in_force.day >= register.valid_from and in_force.day <= coalesce(register.valid_to, in_force.day)
