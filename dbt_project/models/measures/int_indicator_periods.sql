-- Every person-level indicator and period it can have a figure for, with how much of the period's window the data
-- cover. The window reaches past the period by the days its events are followed up. It is covered up to the day on
-- which the first of the indicator's feeds ends, and a day of it is missing when an organisation that must report in
-- one of these feeds has no submission for it.
with reports as (
    select distinct
        area_code,
        day,
        feed,
        member_organisation
    from {{ ref('int_required_reports') }}
),

checked as (
    select
        reports.area_code,
        reports.day,
        reports.feed,
        coverage.submission_id is not null as is_covered
    from reports
    left join {{ ref('int_submission_coverage') }} as coverage
        on
            reports.feed = coverage.feed
            and reports.member_organisation = coverage.organisation
            and reports.day = coverage.day
),

feed_ends as (
    select
        area_code,
        feed,
        max(case when is_covered then day end) as last_day
    from checked
    group by area_code, feed
),

indicators as (
    select
        catalogue.indicator_id,
        catalogue.follow_up_days,
        catalogue.period_kinds,
        alliance.area_code,
        -- A feed nothing was ever received in ends before anything began.
        min(coalesce(feed_ends.last_day, cast('1900-01-01' as date))) as span_end
    from {{ source('run', 'indicator_catalogue') }} as catalogue
    cross join {{ ref('int_alliance_area') }} as alliance
    inner join {{ source('run', 'indicator_feeds') }} as feeds
        on catalogue.indicator_id = feeds.indicator_id
    inner join feed_ends
        on feeds.feed = feed_ends.feed and alliance.area_code = feed_ends.area_code
    where catalogue.person_level
    group by catalogue.indicator_id, catalogue.follow_up_days, catalogue.period_kinds, alliance.area_code
),

windows as (
    select
        indicators.indicator_id,
        indicators.area_code,
        indicators.follow_up_days,
        indicators.span_end,
        periods.period_kind,
        periods.period_id,
        periods.period_start,
        periods.period_end,
        periods.quarter_end,
        {{ has_period_kind('indicators', 'periods.period_kind') }} as has_figure,
        cast({{ dbt.dateadd('day', 'indicators.follow_up_days', 'periods.period_end') }} as date) as window_end
    from indicators
    cross join {{ ref('int_periods') }} as periods
    where periods.has_people
),

open_days as (
    select distinct
        feeds.indicator_id,
        checked.area_code,
        checked.day
    from checked
    inner join {{ source('run', 'indicator_feeds') }} as feeds
        on checked.feed = feeds.feed
    where not checked.is_covered
),

missing as (
    select
        windows.indicator_id,
        windows.area_code,
        windows.period_id,
        count(*) as missing_days
    from windows
    inner join open_days
        on
            windows.indicator_id = open_days.indicator_id
            and windows.area_code = open_days.area_code
            and open_days.day between windows.period_start and windows.window_end
            and windows.span_end >= open_days.day
    group by windows.indicator_id, windows.area_code, windows.period_id
)

select
    windows.indicator_id,
    windows.area_code,
    windows.period_kind,
    windows.period_id,
    windows.period_start,
    windows.period_end,
    windows.has_figure,
    windows.window_end,
    {{ dbt.datediff('windows.period_start', 'windows.window_end', 'day') }} + 1 as window_days,
    case
        when windows.span_end < windows.period_start then 0
        when windows.span_end >= windows.window_end
            then {{ dbt.datediff('windows.period_start', 'windows.window_end', 'day') }} + 1
        else {{ dbt.datediff('windows.period_start', 'windows.span_end', 'day') }} + 1
    end as covered_days,
    coalesce(missing.missing_days, 0) as missing_days,
    case
        when windows.span_end < windows.period_start then null
        when windows.span_end < windows.window_end then windows.span_end
        else windows.window_end
    end as data_complete_as_at,
    -- A figure may still change until its quarter, and the follow-up of its events, are over in the data.
    case
        when windows.span_end < windows.quarter_end or windows.span_end < windows.window_end then 'flex' else 'freeze'
    end as data_cut_status
from windows
left join missing
    on
        windows.indicator_id = missing.indicator_id
        and windows.area_code = missing.area_code
        and windows.period_id = missing.period_id
