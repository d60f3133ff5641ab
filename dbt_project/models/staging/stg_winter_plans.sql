-- Winter plans offered, with the person each was offered to.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_gone_submissions() }}"
) }}
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    {{ linked_person(['person', 'match', 'local']) }} as person_key,
    lake.record_id,
    lake.nhs_number_status,
    lake.offered_on,
    lake.accepted
from {{ lake_source('winter_plans') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'match', 'local']) }}
{{ where_submission_is_new('winter_plans') }}
