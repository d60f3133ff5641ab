-- Whether what lies around a figure moved in a way that would help it without helping anybody: the latest six months that
-- are complete against the same six a year before, so that no season looks like a change. A monitor asks a question; it
-- withholds nothing and pays nothing.
--
-- A movement is raised when it is both more than chance (99.8 % Wilson limits that do not meet, or that leave out one half
-- for two counts) and a tenth or more of what it was. Below 30 cases in either span nothing is said, nor where
-- the definition changed between the first day and the last.
{% set least_cases = 30 %}
with watched as (
    select distinct
        monitor,
        indicator_id,
        area_code
    from {{ ref('int_monitor_months') }}
),

complete_months as (
    select
        indicator_id,
        area_code,
        period_start as month_start
    from {{ ref('int_indicator_periods') }}
    where period_kind = 'month' and covered_days = window_days and missing_days = 0
),

-- Beyond a time limit another week has to be over, so the month before the latest is the last that can be looked at.
ends as (
    select
        watched.monitor,
        watched.indicator_id,
        watched.area_code,
        cast({{ dbt.dateadd(
            'month', "case when watched.monitor = 'window_edge' then -1 else 0 end", 'max(complete_months.month_start)'
        ) }} as date) as last_month
    from watched
    inner join complete_months
        on watched.indicator_id = complete_months.indicator_id and watched.area_code = complete_months.area_code
    group by watched.monitor, watched.indicator_id, watched.area_code
),

spans as (
    select
        monitor,
        indicator_id,
        area_code,
        cast({{ dbt.dateadd('month', -5, 'last_month') }} as date) as recent_start,
        cast({{ dbt.last_day('last_month', 'month') }} as date) as recent_end,
        cast({{ dbt.dateadd('month', -17, 'last_month') }} as date) as earlier_start,
        cast({{ dbt.last_day(dbt.dateadd('month', -12, 'last_month'), 'month') }} as date) as earlier_end
    from ends
),

covered as (
    select
        spans.monitor,
        spans.indicator_id,
        spans.area_code,
        count(*) as months
    from spans
    inner join complete_months
        on
            spans.indicator_id = complete_months.indicator_id
            and spans.area_code = complete_months.area_code
            and (
                complete_months.month_start between spans.recent_start and spans.recent_end
                or complete_months.month_start between spans.earlier_start and spans.earlier_end
            )
    group by spans.monitor, spans.indicator_id, spans.area_code
),

sums as (
    select
        spans.monitor,
        spans.indicator_id,
        spans.area_code,
        spans.recent_start,
        spans.recent_end,
        spans.earlier_start,
        spans.earlier_end,
        cast(coalesce(sum(case when months.month_start >= spans.recent_start then months.part end), 0) as bigint)
            as recent_part,
        cast(sum(case when months.month_start >= spans.recent_start then months.whole end) as bigint) as recent_whole,
        cast(coalesce(sum(case when months.month_start <= spans.earlier_end then months.part end), 0) as bigint)
            as earlier_part,
        cast(sum(case when months.month_start <= spans.earlier_end then months.whole end) as bigint) as earlier_whole
    from spans
    left join {{ ref('int_monitor_months') }} as months
        on
            spans.monitor = months.monitor
            and spans.indicator_id = months.indicator_id
            and spans.area_code = months.area_code
            and (
                months.month_start between spans.recent_start and spans.recent_end
                or months.month_start between spans.earlier_start and spans.earlier_end
            )
    group by
        spans.monitor, spans.indicator_id, spans.area_code, spans.recent_start, spans.recent_end, spans.earlier_start,
        spans.earlier_end
),

-- What a proportion itself did over the same months: activity that grows beside an outcome that does not move. Of means
-- and medians it is not asked.
outcomes as (
    select
        sums.indicator_id,
        sums.area_code,
        cast(sum(case when months.month_start >= sums.recent_start then months.numerator end) as bigint)
            as recent_numerator,
        cast(sum(case when months.month_start >= sums.recent_start then months.denominator end) as bigint)
            as recent_denominator,
        cast(sum(case when months.month_start <= sums.earlier_end then months.numerator end) as bigint)
            as earlier_numerator,
        cast(sum(case when months.month_start <= sums.earlier_end then months.denominator end) as bigint)
            as earlier_denominator
    from sums
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on sums.indicator_id = catalogue.indicator_id
    inner join {{ ref('int_group_months') }} as months
        on
            sums.indicator_id = months.indicator_id
            and sums.area_code = months.area_code
            and months.breakdown_kind = 'all'
            and (
                months.month_start between sums.recent_start and sums.recent_end
                or months.month_start between sums.earlier_start and sums.earlier_end
            )
    where sums.monitor = 'activity' and catalogue.statistic in ('proportion', 'maintained_proportion')
    group by sums.indicator_id, sums.area_code
),

flat as (
    select
        indicator_id,
        area_code,
        {{ wilson_limit('lower', 'recent_numerator', 'recent_denominator', 1) }}
        <= {{ wilson_limit('upper', 'earlier_numerator', 'earlier_denominator', 1) }}
        and {{ wilson_limit('lower', 'earlier_numerator', 'earlier_denominator', 1) }}
        <= {{ wilson_limit('upper', 'recent_numerator', 'recent_denominator', 1) }} as is_flat
    from outcomes
),

moved as (
    select
        sums.*,
        catalogue.name as indicator_name,
        coalesce(covered.months, 0) as months,
        {{ series_part('catalogue.breaks', 'sums.earlier_start') }}
        <> {{ series_part('catalogue.breaks', 'sums.recent_end') }} as is_redefined,
        flat.is_flat,
        case
            when sums.monitor = 'activity'
                then least(sums.recent_part, sums.earlier_part) < {{ least_cases }}
            else
                least(coalesce(sums.recent_whole, 0), coalesce(sums.earlier_whole, 0)) < {{ least_cases }}
        end as too_few,
        case
            when sums.monitor = 'activity'
                then
                    10 * sums.recent_part >= 11 * sums.earlier_part
                    and {{ wilson_limit(
                        'lower', 'sums.recent_part', '(sums.recent_part + sums.earlier_part)', 1, 99.8
                    ) }} > 0.5
            else
                -- The share grew by a tenth of itself or more: products instead of quotients.
                10 * sums.recent_part * sums.earlier_whole >= 11 * sums.earlier_part * sums.recent_whole
                and {{ wilson_limit('lower', 'sums.recent_part', 'sums.recent_whole', 1, 99.8) }}
                > {{ wilson_limit('upper', 'sums.earlier_part', 'sums.earlier_whole', 1, 99.8) }}
        end as rose,
        case
            when sums.monitor = 'activity'
                then
                    10 * sums.recent_part <= 9 * sums.earlier_part
                    and {{ wilson_limit(
                        'upper', 'sums.recent_part', '(sums.recent_part + sums.earlier_part)', 1, 99.8
                    ) }} < 0.5
            else
                10 * sums.recent_part * sums.earlier_whole <= 9 * sums.earlier_part * sums.recent_whole
                and {{ wilson_limit('upper', 'sums.recent_part', 'sums.recent_whole', 1, 99.8) }}
                < {{ wilson_limit('lower', 'sums.earlier_part', 'sums.earlier_whole', 1, 99.8) }}
        end as fell
    from sums
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on sums.indicator_id = catalogue.indicator_id
    left join covered
        on
            sums.monitor = covered.monitor
            and sums.indicator_id = covered.indicator_id
            and sums.area_code = covered.area_code
    left join flat
        on sums.indicator_id = flat.indicator_id and sums.area_code = flat.area_code and sums.monitor = 'activity'
),

-- One question a row: the same counts of activity answer two.
questions as (
    select
        moved.*,
        case monitor when 'activity' then 'shrinking_denominator' else monitor end as question,
        case monitor
            when 'activity' then fell
            when 'window_edge' then rose
            else rose or fell
        end as is_raised
    from moved
    union all
    select
        moved.*,
        'activity_up_outcome_flat' as question,
        rose and is_flat as is_raised
    from moved
    where monitor = 'activity' and is_flat is not null
),

judged as (
    select
        questions.*,
        case
            when months < 12 or is_redefined or too_few then 'not_enough'
            when is_raised then 'raised'
            else 'quiet'
        end as status
    from questions
)

select
    cast(question as {{ dbt.type_string() }}) as monitor,
    cast(indicator_id as {{ dbt.type_string() }}) as indicator_id,
    cast(indicator_name as {{ dbt.type_string() }}) as indicator_name,
    cast(area_code as {{ dbt.type_string() }}) as area_code,
    recent_start,
    recent_end,
    earlier_start,
    earlier_end,
    cast(recent_part as bigint) as recent_part,
    cast(recent_whole as bigint) as recent_whole,
    cast(earlier_part as bigint) as earlier_part,
    cast(earlier_whole as bigint) as earlier_whole,
    {{ round_half_up('recent_part * 100', 'recent_whole', 1) }} as recent_share,
    {{ round_half_up('earlier_part * 100', 'earlier_whole', 1) }} as earlier_share,
    cast(status as {{ dbt.type_string() }}) as status,
    cast(case
        when months < 12 then 'Not all twelve months that are compared are complete.'
        when is_redefined then 'The definition changed between the months that are compared: nothing can be said.'
        when too_few then 'Fewer than {{ least_cases }} cases in one of the two spans: nothing can be said.'
        when status = 'quiet' then 'No movement beyond chance and beyond a tenth.'
        when question = 'shrinking_denominator'
            then 'A tenth or more of the cases this figure is counted from are gone: ask whether some are no longer recorded '
                || 'as belonging to it.'
        when question = 'activity_up_outcome_flat'
            then 'There are a tenth more cases, and the outcome did not move: ask what the additional activity was for.'
        when question = 'zero_nights'
            then 'Emergency stays without a night are another share of all than they were: ask whether same-day care is '
                || 'recorded elsewhere or otherwise. They are left out of the figure in both years.'
        when question = 'fall_coding'
            then 'Injuries with a fall as their cause are another share of all injuries than they were: ask whether the coding '
                || 'of causes changed.'
        else 'More cases than before lie in the week on the better side of the time limit: ask whether dates or decisions '
            || 'are being moved across it.'
    end as {{ dbt.type_string() }}) as finding
from judged
