-- Contacts of urgent referrals under the two-hour standard, with the person each belongs to. Times are those of a clock
-- on the wall in London.
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
    lake.referral_id,
    lake.contact_number,
    lake.nhs_number_status,
    cast(lake.birth_month || '-01' as date) as birth_month,
    lake.clock_start_date,
    lake.clock_start_time,
    lake.clock_start_offset,
    lake.contact_date,
    lake.contact_time,
    lake.contact_offset,
    lake.attendance
from {{ lake_source('urgent_community_response') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'local']) }}
{{ where_submission_is_new('urgent_community_response') }}
