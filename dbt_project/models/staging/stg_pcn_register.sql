-- States of registered people, with the person each belongs to. A row that belongs to nobody has no person_key.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_gone_submissions() }}"
) }}
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    {{ linked_person(['person', 'match']) }} as person_key,
    lake.record_id,
    lake.nhs_number_status,
    cast(lake.birth_month || '-01' as date) as birth_month,
    lake.sex,
    lake.practice_code,
    lake.lsoa_code,
    lake.valid_from,
    lake.valid_to
from {{ lake_source('pcn_register') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'match']) }}
{{ where_submission_is_new('pcn_register') }}
