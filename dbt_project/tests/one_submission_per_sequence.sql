{{ config(meta={'dagster': {'ref': {'name': 'int_submission_coverage'}}}) }}
-- Two submissions of one sender with the same last day and sequence must not cover the same day: nothing says which
-- counts.
select
    submissions.feed,
    submissions.organisation,
    submissions.covers_to,
    submissions.sequence,
    calendar.day
from {{ ref('stg_submissions') }} as submissions
inner join {{ ref('int_calendar') }} as calendar
    on calendar.day between submissions.covers_from and submissions.covers_to
group by submissions.feed, submissions.organisation, submissions.covers_to, submissions.sequence, calendar.day
having count(*) > 1
