-- Events of unpaid carers, with the carer each belongs to.
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
    lake.event_reference,
    lake.nhs_number_status,
    lake.carer_kind,
    lake.event_type,
    lake.event_start_date,
    lake.event_end_date,
    lake.support
from {{ lake_source('carers') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'match', 'local']) }}
{{ where_submission_is_new('carers') }}
