-- Deaths with the person each belongs to.
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
    lake.nhs_number_status,
    lake.date_of_death,
    lake.place_of_death,
    lake.external_or_neonatal
from {{ lake_source('deaths') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person']) }}
{{ where_submission_is_new('deaths') }}
