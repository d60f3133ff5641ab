-- Cost lines from the submission that counts for their month; an earlier return of the month is superseded.
{{ config(meta={'submissions_of': ['cost_ledger']}) }}
select lines.*
from {{ ref('stg_cost_ledger') }} as lines
inner join {{ ref('int_submission_coverage') }} as coverage
    on
        coverage.feed = 'cost_ledger'
        and lines.member_id = coverage.organisation
        and lines.month_start = coverage.day
        and lines.submission_id = coverage.submission_id
