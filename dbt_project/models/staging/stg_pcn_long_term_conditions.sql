-- People on a long-term condition register at a quarter's end, with the person each row belongs to.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_gone_submissions() }}"
) }}
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    {{ linked_person(['person']) }} as person_key,
    lake.record_id,
    lake.condition,
    lake.snapshot_date,
    lake.diagnosed_on,
    lake.last_bp_on,
    lake.systolic,
    lake.diastolic
from {{ lake_source('pcn_long_term_conditions') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person']) }}
{{ where_submission_is_new('pcn_long_term_conditions') }}
