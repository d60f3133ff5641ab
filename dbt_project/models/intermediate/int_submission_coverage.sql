-- For every feed, organisation and day it covers: the one submission whose rows count. Of those that cover the day, the
-- highest sequence wins, then the one that reaches furthest (intake's register orders them alike); what an earlier one
-- said about that day is gone, also where the later one is silent.
with covering as (
    select
        submissions.feed,
        submissions.organisation,
        calendar.day,
        submissions.submission_id,
        row_number() over (
            partition by submissions.feed, submissions.organisation, calendar.day
            order by submissions.sequence desc, submissions.covers_to desc, submissions.submission_id desc
        ) as place
    from {{ ref('stg_submissions') }} as submissions
    inner join {{ ref('int_calendar') }} as calendar
        on calendar.day between submissions.covers_from and submissions.covers_to
)

select
    feed,
    organisation,
    day,
    submission_id
from covering
where place = 1
