{{ config(meta={'dagster': {'ref': {'name': 'stg_submissions'}}}) }}
-- Every submission of the data cut has as many rows here as intake accepted: rows lost on the way would look like
-- missing days. Rows held in quarantine were never accepted; the days they leave open are missing, and say so.
with arrived as (
    {% for feed in lake_feeds() %}
        select
            '{{ feed }}' as feed,
            submission_id,
            count(*) as lake_rows
        from {{ ref('stg_' ~ feed) }}
        group by submission_id
        union all
    {% endfor %}
    {% for feed in unread_feeds() %}
        select
            '{{ feed }}' as feed,
            submission as submission_id,
            count(*) as lake_rows
        from {{ lake_source(feed) }} as lake
        group by submission
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    submissions.submission_id,
    submissions.feed,
    submissions.rows_accepted,
    arrived.lake_rows
from {{ ref('stg_submissions') }} as submissions
left join arrived
    on
        submissions.feed = arrived.feed
        and submissions.submission_id = arrived.submission_id
where coalesce(arrived.lake_rows, 0) <> submissions.rows_accepted
