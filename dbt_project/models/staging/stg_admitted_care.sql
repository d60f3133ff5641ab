-- Hospital spells with the person each belongs to.
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
    lake.spell_id,
    lake.nhs_number_status,
    cast(lake.birth_month || '-01' as date) as birth_month,
    lake.sex,
    lake.admission_date,
    lake.admission_method,
    lake.discharge_date,
    lake.discharge_ready_date,
    lake.discharge_destination,
    lake.primary_diagnosis,
    lake.external_cause,
    lake.same_day_emergency_care
from {{ lake_source('admitted_care') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
{{ link_joins(['person', 'local']) }}
{{ where_submission_is_new('admitted_care') }}
