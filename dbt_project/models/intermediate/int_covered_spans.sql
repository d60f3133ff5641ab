-- Per area: the first and the last day any required organisation's daily return covers. Days in between count as
-- covered even where an organisation sent nothing: they are missing, not absent.
{{ config(meta={'submissions_of': ['daily_discharge_return']}) }}
select
    required.area_code,
    min(required.day) as span_start,
    max(required.day) as span_end
from {{ ref('int_required_reports') }} as required
inner join {{ ref('int_submission_coverage') }} as coverage
    on
        required.feed = coverage.feed
        and required.member_organisation = coverage.organisation
        and required.day = coverage.day
where required.feed = 'daily_discharge_return'
group by required.area_code
