-- Courses of weight management and of physical activity, with the person each belongs to.
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
    lake.programme,
    lake.referred_on,
    lake.started_on,
    lake.ended_on,
    lake.end_status,
    cast(lake.start_weight_kg as decimal(5, 1)) as start_weight_kg,
    cast(lake.end_weight_kg as decimal(5, 1)) as end_weight_kg,
    lake.start_active_minutes,
    lake.end_active_minutes
from {{ lake_source('weight_and_activity') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'match', 'local']) }}
{{ where_submission_is_new('weight_and_activity') }}
