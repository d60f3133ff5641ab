-- Daily discharge returns, one row per organisation, day and measure, from the submission that counts for the day.
{{ config(meta={'submissions_of': ['daily_discharge_return']}) }}
{% set measures = ['no_criteria_to_reside', 'discharged_total', 'discharged_by_1700', 'discharged_1700_to_2359'] %}

with counted as (
    select returns.*
    from {{ ref('stg_daily_discharge_return') }} as returns
    inner join {{ ref('int_submission_coverage') }} as coverage
        on
            coverage.feed = 'daily_discharge_return'
            and returns.organisation = coverage.organisation
            and returns.day = coverage.day
            and returns.submission_id = coverage.submission_id
)

{% for measure in measures %}
    select
        organisation,
        day,
        '{{ measure }}' as measure,
        {{ measure }} as people
    from counted
    where {{ measure }} is not null
    {% if not loop.last %}union all{% endif %}
{% endfor %}
