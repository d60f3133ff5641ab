-- Quit dates with the person each belongs to.
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
    cast(lake.birth_month || '-01' as date) as birth_month,
    lake.sex,
    lake.quit_date,
    lake.follow_up_date,
    lake.outcome
from {{ lake_source('stop_smoking') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'match', 'local']) }}
{{ where_submission_is_new('stop_smoking') }}
