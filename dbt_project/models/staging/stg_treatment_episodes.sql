-- Treatment episodes with the person each belongs to. An episode without consent is counted and never linked: its local
-- token leads nowhere here.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_gone_submissions() }}"
) }}
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    case when lake.consent = 'Y' then {{ linked_person(['person', 'match', 'local']) }} end as person_key,
    lake.episode_id,
    lake.nhs_number_status,
    cast(lake.birth_month || '-01' as date) as birth_month,
    lake.sex,
    lake.consent,
    lake.substance,
    lake.referral_date,
    lake.triage_date,
    lake.discharge_date,
    lake.discharge_reason,
    lake.extract_month
from {{ lake_source('treatment_episodes') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'match', 'local']) }}
{{ where_submission_is_new('treatment_episodes') }}
