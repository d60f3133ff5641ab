-- Contacts of community services with the person each belongs to.
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
    lake.care_contact_id,
    lake.referral_id,
    lake.nhs_number_status,
    cast(lake.birth_month || '-01' as date) as birth_month,
    lake.contact_date,
    lake.subject,
    lake.attendance,
    lake.medium,
    lake.duration_minutes,
    lake.cancelled_on
from {{ lake_source('community_contacts') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'local']) }}
{{ where_submission_is_new('community_contacts') }}
