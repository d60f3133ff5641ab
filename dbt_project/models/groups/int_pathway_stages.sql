-- Where everybody who was ever referred to drug and alcohol treatment or to community services stood at the end of each
-- quarter, from what had happened by then, and how many of their rows have days that are out of order.
--
-- Only people whose rows something can have changed are built again (README, "Only what changed").
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    meta={'people_of': ['community_referrals']},
    pre_hook="{{ delete_changed_people('community_referrals') }}"
) }}
with days as (
    select distinct period_end as as_at
    from {{ ref('int_periods') }}
    where period_kind = 'quarter' and has_people
)

select
    as_at,
    pathway,
    person_key,
    stage,
    since,
    journeys,
    anomalies,
    first_anomaly
from ({{ stage_as_at('days', changed_by='community_referrals') }}) as stages
