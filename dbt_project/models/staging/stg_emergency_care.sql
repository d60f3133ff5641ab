-- Attendances at emergency departments with the person each belongs to.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_gone_submissions() }}"
) }}
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    {{ linked_person(['person', 'local']) }} as person_key,
    lake.attendance_id,
    lake.nhs_number_status,
    cast(lake.birth_month || '-01' as date) as birth_month,
    lake.sex,
    lake.department_type,
    lake.arrival_date,
    lake.attendance_category,
    lake.by_ambulance,
    lake.acuity,
    lake.injury,
    lake.assessed_after_minutes,
    lake.left_after_minutes,
    lake.departure_date,
    lake.discharge_status
from {{ lake_source('emergency_care') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'local']) }}
{{ where_submission_is_new('emergency_care') }}
