-- First and last day the practice register covers: what person-level figures can be made for. No row without a
-- register.
{{ config(meta={'submissions_of': ['pcn_register']}) }}
select
    min(day) as first_day,
    max(day) as last_day
from {{ ref('int_submission_coverage') }}
where feed = 'pcn_register'
having count(*) > 0
