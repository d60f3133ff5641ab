-- What the monitors watch, by month: how many there were (a count has no whole), or which part of a whole. No person,
-- organisation or group is in it.
--
-- activity: cases in an indicator's denominator.
-- zero_nights: emergency stays that ended on the day they began or were same-day care, of all emergency stays.
-- fall_coding: emergency stays for an injury that name a fall as its cause, of all for an injury, of people aged 65 and
-- over on the register: those the figure of falls is counted from.
-- window_edge: cases of the seven days on that side of a time limit which helps the figure, of those on either side.
with activity as (
    select
        'activity' as monitor,
        months.indicator_id,
        months.month_start,
        months.denominator as part,
        cast(null as bigint) as whole
    from {{ ref('int_group_months') }} as months
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on months.indicator_id = catalogue.indicator_id
    where
        months.breakdown_kind = 'all'
        and catalogue.statistic in ('proportion', 'maintained_proportion', 'mean', 'median')
),

emergencies as (
    select
        cast({{ dbt.date_trunc('month', 'discharge_date') }} as date) as month_start,
        case when same_day_emergency_care = 'N' and discharge_date > admission_date then 0 else 1 end as zero_nights
    from {{ ref('int_continuous_spells') }}
    where is_emergency
),

hospital as (
    select
        month_start,
        count(*) as stays,
        sum(zero_nights) as zero_nights
    from emergencies
    group by month_start
),

injuries as (
    select
        cast({{ dbt.date_trunc('month', 'event_date') }} as date) as month_start,
        count(*) as injuries,
        sum(case when substr(external_cause, 1, 3) between 'W00' and 'W19' then 1 else 0 end) as falls
    from {{ ref('int_spell_ends') }}
    where is_emergency and age_years >= 65 and substr(primary_diagnosis, 1, 3) between 'S00' and 'T98'
    group by cast({{ dbt.date_trunc('month', 'event_date') }} as date)
),

-- Days from an event to the next one, near a limit. `limit_day` is the last day that counts for the figure, or against
-- it; `late_helps` says that coming after it is the better side.
distances as (
    select
        'first_contact_28_days' as indicator_id,
        referred_on as event_date,
        {{ dbt.datediff('referred_on', 'first_contact_on', 'day') }} as days,
        28 as limit_day,
        0 as late_helps
    from {{ in_force('community_referrals', 'referred_on') }} as referrals
    where urgent = 'N' and first_contact_on is not null
    union all
    select
        'emergency_readmission_30d' as indicator_id,
        spells.discharge_date as event_date,
        {{ dbt.datediff('spells.discharge_date', 'later.admission_date', 'day') }} as days,
        29 as limit_day,
        1 as late_helps
    from {{ ref('int_continuous_spells') }} as spells
    inner join {{ ref('int_continuous_spells') }} as later
        on
            spells.person_key = later.person_key
            and later.is_emergency
            and {{ dbt.datediff('spells.discharge_date', 'later.admission_date', 'day') }} between 23 and 36
    union all
    select
        'opiate_treatment_completion' as indicator_id,
        journey_end as event_date,
        {{ dbt.datediff('journey_end', 'next_journey_start', 'day') }} as days,
        182 as limit_day,
        1 as late_helps
    from {{ ref('int_treatment_journeys') }}
    where is_opiate and outcome = 'completed' and next_journey_start is not null
    union all
    select
        'sustained_recovery' as indicator_id,
        journey_end as event_date,
        {{ dbt.datediff('journey_end', 'next_journey_start', 'day') }} as days,
        365 as limit_day,
        1 as late_helps
    from {{ ref('int_treatment_journeys') }}
    where outcome = 'completed' and next_journey_start is not null
),

edges as (
    select
        indicator_id,
        cast({{ dbt.date_trunc('month', 'event_date') }} as date) as month_start,
        sum(case when days > limit_day then late_helps else 1 - late_helps end) as part,
        count(*) as whole
    from distances
    where days between limit_day - 6 and limit_day + 7
    group by indicator_id, {{ dbt.date_trunc('month', 'event_date') }}
),

watched as (
    select
        monitor,
        indicator_id,
        month_start,
        part,
        whole
    from activity
    union all
    select
        'zero_nights' as monitor,
        'emergency_admissions' as indicator_id,
        month_start,
        zero_nights as part,
        stays as whole
    from hospital
    union all
    select
        'fall_coding' as monitor,
        'falls_admissions_65_over' as indicator_id,
        month_start,
        falls as part,
        injuries as whole
    from injuries
    union all
    select
        'window_edge' as monitor,
        indicator_id,
        month_start,
        part,
        whole
    from edges
)

select
    watched.monitor,
    watched.indicator_id,
    alliance.area_code,
    watched.month_start,
    cast(watched.part as bigint) as part,
    cast(watched.whole as bigint) as whole
from watched
cross join {{ ref('int_alliance_area') }} as alliance
