-- One row per area and day of its covered span: the figures, and whether the day is complete. A day is complete when
-- every organisation that has to report did, with a figure above zero. Neither trust nor board has a day without a
-- patient, so a zero is a report that was not made; a total without it would be lower for the wrong reason.
with days as (
    select
        spans.area_code,
        calendar.day,
        spans.span_end
    from {{ ref('int_covered_spans') }} as spans
    inner join {{ ref('int_calendar') }} as calendar
        on calendar.day between spans.span_start and spans.span_end
),

reports as (
    select
        required.area_code,
        required.day,
        required.member_organisation,
        required.measure,
        counts.people,
        coalesce(counts.people > 0, false) as reported,
        by_1700.people as people_by_1700
    from {{ ref('int_required_reports') }} as required
    left join {{ ref('int_daily_counts') }} as counts
        on
            required.member_organisation = counts.organisation
            and required.day = counts.day
            and required.measure = counts.measure
    left join {{ ref('int_daily_counts') }} as by_1700
        on
            required.member_organisation = by_1700.organisation
            and required.day = by_1700.day
            and required.measure = 'discharged_total'
            and by_1700.measure = 'discharged_by_1700'
    where required.feed = 'daily_discharge_return'
),

summed as (
    select
        area_code,
        day,
        count(*) as required_reports,
        count(*) filter (where not reported) as missing_reports,
        count(*) filter (where measure = 'no_criteria_to_reside') as census_reports,
        count(*) filter (where measure = 'discharged_total') as discharge_reports,
        count(people_by_1700) filter (where measure = 'discharged_total') as split_reports,
        sum(people) filter (where measure = 'no_criteria_to_reside') as no_criteria_to_reside,
        sum(people) filter (where measure = 'discharged_total') as discharged_total,
        sum(people_by_1700) filter (where measure = 'discharged_total') as discharged_by_1700
    from reports
    group by area_code, day
),

not_reported as (
    select distinct
        area_code,
        day,
        member_organisation
    from reports
    where not reported
),

missing as (
    select
        area_code,
        day,
        {{ dbt.listagg('member_organisation', "' '", 'order by member_organisation') }} as missing_organisations
    from not_reported
    group by area_code, day
)

select
    days.area_code,
    days.day,
    days.span_end,
    summed.no_criteria_to_reside,
    summed.discharged_total,
    summed.discharged_by_1700,
    coalesce(summed.required_reports, 0) as required_reports,
    coalesce(summed.missing_reports, 0) as missing_reports,
    missing.missing_organisations,
    -- A day for which no register names a census and a discharge figure cannot be proved complete.
    coalesce(
        summed.missing_reports = 0 and summed.census_reports > 0 and summed.discharge_reports > 0, false
    ) as is_complete,
    coalesce(
        summed.missing_reports = 0 and summed.discharge_reports > 0
        and summed.split_reports = summed.discharge_reports, false
    ) as has_split
from days
left join summed
    on days.area_code = summed.area_code and days.day = summed.day
left join missing
    on days.area_code = missing.area_code and days.day = missing.day
