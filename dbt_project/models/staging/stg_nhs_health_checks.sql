-- Invitations to an NHS Health Check, with the person each belongs to.
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
    lake.invited_on,
    lake.attended_on
from {{ lake_source('nhs_health_checks') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person']) }}
{{ where_submission_is_new('nhs_health_checks') }}
