-- Every person-level indicator and period it can have a figure for, with how much of the period's window the data
-- cover. Each feed has days of its own: from as many before the period as it is looked back on, to as many after it as
-- events are followed up and what spans the last of these may be sent late. The window holds the days of all feeds. It
-- is covered up to the day on which the first of them ends before its own days do, and a day of it is missing when an
-- organisation that must report in a feed that is needed that day has no submission for it. Looked back on, so is every
-- day before the feed began.
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

feed_spans as (
    select
        area_code,
        feed,
        min(case when is_covered then day end) as first_day,
        max(case when is_covered then day end) as last_day
    from checked
    group by area_code, feed
),

needed as (
    select
        catalogue.indicator_id,
        catalogue.period_kinds,
        alliance.area_code,
        feeds.feed,
        feeds.days_before,
        feeds.days_after,
        -- A feed nothing was ever received in, or that nobody has to send, ends before anything began.
        coalesce(spans.first_day, cast('9999-12-31' as date)) as first_day,
        coalesce(spans.last_day, cast('1900-01-01' as date)) as last_day
    from {{ source('run', 'indicator_catalogue') }} as catalogue
    cross join {{ ref('int_alliance_area') }} as alliance
    inner join {{ source('run', 'indicator_feeds') }} as feeds
        on catalogue.indicator_id = feeds.indicator_id
    left join feed_spans as spans
        on feeds.feed = spans.feed and alliance.area_code = spans.area_code
    where catalogue.person_level
),

-- The days of each feed for each period.
feed_windows as (
    select
        needed.indicator_id,
        needed.area_code,
        needed.feed,
        needed.first_day,
        needed.last_day,
        periods.period_kind,
        periods.period_id,
        periods.period_start,
        periods.period_end,
        periods.quarter_end,
        {{ has_period_kind('needed', 'periods.period_kind') }} as has_figure,
        cast({{ dbt.dateadd('day', '-1 * needed.days_before', 'periods.period_start') }} as date) as feed_start,
        cast({{ dbt.dateadd('day', 'needed.days_after', 'periods.period_end') }} as date) as feed_end
    from needed
    cross join {{ ref('int_periods') }} as periods
    where periods.has_people
),

reached as (
    select
        indicator_id,
        area_code,
        period_kind,
        period_id,
        period_start,
        period_end,
        quarter_end,
        has_figure,
        min(last_day) as span_end,
        min(feed_start) as window_start,
        max(feed_end) as window_end,
        min(case when last_day < feed_end then last_day end) as first_end,
        max(case
            when first_day > feed_start and feed_start < period_start
                then case when first_day < period_start then first_day else period_start end
        end) as looked_back_from
    from feed_windows
    group by
        indicator_id, area_code, period_kind, period_id, period_start, period_end, quarter_end, has_figure
),

windows as (
    select
        reached.*,
        coalesce(first_end, window_end) as covered_to,
        coalesce(looked_back_from, window_start) as known_from
    from reached
),

missing as (
    select
        windows.indicator_id,
        windows.area_code,
        windows.period_id,
        count(distinct checked.day) as missing_days
    from windows
    inner join feed_windows
        on
            windows.indicator_id = feed_windows.indicator_id
            and windows.area_code = feed_windows.area_code
            and windows.period_id = feed_windows.period_id
    inner join checked
        on
            feed_windows.feed = checked.feed
            and feed_windows.area_code = checked.area_code
            and checked.day between feed_windows.feed_start and feed_windows.feed_end
            and windows.covered_to >= checked.day
            and windows.known_from <= checked.day
    where not checked.is_covered
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
    windows.window_start,
    windows.window_end,
    {{ dbt.datediff('windows.window_start', 'windows.window_end', 'day') }} + 1 as window_days,
    case
        when windows.covered_to < windows.period_start then 0
        else {{ dbt.datediff('windows.window_start', 'windows.covered_to', 'day') }} + 1
    end as covered_days,
    case
        when windows.covered_to < windows.period_start then 0
        else
            coalesce(missing.missing_days, 0)
            + {{ dbt.datediff('windows.window_start', 'windows.known_from', 'day') }}
    end as missing_days,
    case when windows.covered_to >= windows.period_start then windows.covered_to end as data_complete_as_at,
    -- A figure may still change until its quarter, and the days its feeds are needed, are over in the data.
    case
        when windows.span_end < windows.quarter_end or windows.first_end is not null then 'flex' else 'freeze'
    end as data_cut_status
from windows
left join missing
    on
        windows.indicator_id = missing.indicator_id
        and windows.area_code = missing.area_code
        and windows.period_id = missing.period_id
