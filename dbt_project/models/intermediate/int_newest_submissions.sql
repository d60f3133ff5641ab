-- Per feed and organisation, the submission in force on the last day it covers: the newest file of a feed that is sent
-- whole each time.
with last_days as (
    select
        feed,
        organisation,
        max(day) as last_day
    from {{ ref('int_submission_coverage') }}
    group by feed, organisation
)

select
    coverage.feed,
    coverage.organisation,
    coverage.submission_id
from {{ ref('int_submission_coverage') }} as coverage
inner join last_days
    on
        coverage.feed = last_days.feed
        and coverage.organisation = last_days.organisation
        and coverage.day = last_days.last_day
