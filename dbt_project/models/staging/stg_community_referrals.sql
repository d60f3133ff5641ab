-- Community referrals with the person each belongs to.
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
    lake.nhs_number_status,
    lake.referred_on,
    lake.urgent,
    lake.first_contact_on,
    lake.closed_reason
from {{ lake_source('community_referrals') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'local']) }}
{{ where_submission_is_new('community_referrals') }}
