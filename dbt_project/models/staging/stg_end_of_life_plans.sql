-- Plans for the end of life, each as it stood when last reviewed, with the person each belongs to.
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
    lake.plan_created_on,
    lake.reviewed_on,
    lake.preferred_place,
    lake.plan_ended_on
from {{ lake_source('end_of_life_plans') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'match', 'local']) }}
{{ where_submission_is_new('end_of_life_plans') }}
