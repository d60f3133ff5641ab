-- Adult social care events with the person each belongs to. A row without an NHS number whose local reference is tied
-- to somebody's number elsewhere is excluded from headcounts; names never link here.
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
    lake.person_token is null and coalesce(local_link.basis, '') = 'excluded' as is_excluded,
    lake.nhs_number_status,
    cast(lake.birth_month || '-01' as date) as birth_month,
    lake.client_type,
    lake.event_type,
    lake.event_reference,
    lake.service_type,
    lake.event_start_date,
    lake.event_end_date,
    lake.event_outcome,
    submissions.covers_to as told_until
from {{ lake_source('council_client_level') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'local']) }}
{{ where_submission_is_new('council_client_level') }}
