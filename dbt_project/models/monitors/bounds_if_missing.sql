-- Between what a KPI of an agreement could have come out, had those who did not report done so: one row per KPI and
-- period that lacks a report. A range of what could be, not an interval of chance, and nobody is scored on it.
--
-- How much is absent: on each day without a report, the organisation's usual part of the feed's rows, by how many it
-- sends a day otherwise. It may have been nothing, or twice as much as usual (`most`). What is absent may all have gone
-- one way. Where another feed was sent and this one only says how things went on, as much of what is known may turn, too.
{% set most = 2 %}
with short as (
    select
        returned.figure_id,
        returned.agreement_id,
        returned.kpi_id,
        returned.period_id,
        returned.indicator_id,
        returned.area_code,
        returned.period_kind,
        returned.measurement_start,
        returned.measurement_end,
        returned.data_complete_as_at,
        returned.value,
        returned.value_decimals,
        returned.numerator,
        returned.denominator,
        returned.polarity,
        returned.covered_days,
        returned.missing_days,
        catalogue.person_level,
        catalogue.statistic,
        catalogue.multiplier,
        kpis.failure,
        kpis.poor,
        kpis.minimum,
        kpis.stretch,
        kpis.game_breaking
    from {{ ref('kpi_return') }} as returned
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on returned.indicator_id = catalogue.indicator_id
    inner join {{ source('run', 'agreement_kpis') }} as kpis
        on
            returned.agreement_id = kpis.agreement_id
            and returned.kpi_id = kpis.kpi_id
            and returned.period_start <= coalesce(kpis.effective_to, returned.period_start)
            and returned.period_end >= kpis.effective_from
    where returned.missing_days > 0 and returned.covered_days > 0
),

required as (
    select distinct
        area_code,
        day,
        feed,
        member_organisation as organisation
    from {{ ref('int_required_reports') }}
),

-- What an organisation sends a day, over all it ever sent.
usual as (
    select
        feed,
        organisation,
        cast(sum(rows_accepted) as bigint) as sent,
        cast(sum({{ dbt.datediff('covers_from', 'covers_to', 'day') }} + 1) as bigint) as days
    from {{ ref('stg_submissions') }}
    group by feed, organisation
),

-- Rows a day of everybody who has to report that day, of those among them who did not, and how many of these were never
-- heard of at all.
days as (
    select
        required.area_code,
        required.feed,
        required.day,
        sum({{ exact_quotient('usual.sent', 'usual.days', 9, 0, 0) }}) as of_all,
        sum(case
            when coverage.submission_id is null then {{ exact_quotient('usual.sent', 'usual.days', 9, 0, 0) }} else 0
        end) as of_absent,
        count(*) filter (where coverage.submission_id is null and coalesce(usual.sent, 0) = 0) as never_heard_of
    from required
    left join usual
        on required.feed = usual.feed and required.organisation = usual.organisation
    left join {{ ref('int_submission_coverage') }} as coverage
        on
            required.feed = coverage.feed
            and required.organisation = coverage.organisation
            and required.day = coverage.day
    group by required.area_code, required.feed, required.day
),

of_feeds as (
    select
        short.figure_id,
        feeds.feed,
        sum(days.of_all) as of_all,
        sum(days.of_absent) as of_absent,
        sum(days.never_heard_of) as never_heard_of
    from short
    inner join {{ source('run', 'indicator_feeds') }} as feeds
        on short.indicator_id = feeds.indicator_id
    inner join days
        on
            short.area_code = days.area_code
            and feeds.feed = days.feed
            and days.day between
            cast({{ dbt.dateadd('day', '-1 * feeds.days_before', 'short.measurement_start') }} as date)
            and cast({{ dbt.dateadd('day', 'feeds.days_after', 'short.measurement_end') }} as date)
            and short.data_complete_as_at >= days.day
    where short.person_level
    group by short.figure_id, feeds.feed
),

-- Ten thousandths of the rows that are absent: of the feed that lacks most, and whether there are others.
parts as (
    select
        figure_id,
        max(case
            when of_all > 0 then cast({{ round_half_up('of_absent * 10000', 'of_all', 0) }} as bigint)
        end) as absent,
        count(*) as feeds,
        sum(never_heard_of) as never_heard_of
    from of_feeds
    group by figure_id
    union all
    -- counted by the day: a day that lacks one organisation is left out as a whole
    select
        figure_id,
        cast({{ round_half_up('missing_days * 10000', 'covered_days', 0) }} as bigint) as absent,
        1 as feeds,
        0 as never_heard_of
    from short
    where not person_level
),

counted as (
    select
        short.*,
        coalesce(parts.absent, 10000) as absent,
        coalesce(parts.never_heard_of, 0) as never_heard_of,
        cast(short.numerator as bigint) as part,
        cast(short.denominator as bigint) as whole,
        -- rounded up: a range that is too narrow would be a promise
        {{ integer_divide(
            '(' ~ most ~ ' * cast(short.denominator as bigint) * parts.absent + 9999 - parts.absent)',
            'nullif(10000 - parts.absent, 0)'
        ) }} as more,
        case
            when parts.feeds > 1
                then {{ integer_divide('(cast(short.denominator as bigint) * parts.absent + 9999)', '10000') }}
            else 0
        end as turned,
        case
            when short.value is null then 'There is no figure to put a range around.'
            when parts.never_heard_of > 0
                then 'Somebody who has to report has never sent anything: how much is absent is not known.'
            when coalesce(parts.absent, 10000) >= 10000 then 'Nobody who has to report did.'
            when short.statistic not in ('proportion', 'maintained_proportion', 'crude_rate', 'dsr')
                then 'What is absent moves the figure by how large it is as well as by how many: no range can be given.'
        end as no_range
    from short
    left join parts
        on short.figure_id = parts.figure_id
),

ranged as (
    select
        counted.*,
        case
            when no_range is not null then null
            when statistic in ('crude_rate', 'dsr') then value
            else {{ round_half_up(
                '((case when turned < part then part - turned else 0 end) * multiplier)', '(whole + more)', 'value_decimals'
            ) }}
        end as lowest,
        case
            when no_range is not null then null
            when statistic in ('crude_rate', 'dsr')
                then {{ round_half_up(
                    '(value * (10000 + (' ~ most ~ ' - 1) * absent))', 'nullif(10000 - absent, 0)', 'value_decimals'
                ) }}
            else {{ round_half_up(
                '((case when part + turned > whole then whole else part + turned end + more) * multiplier)',
                '(whole + more)', 'value_decimals'
            ) }}
        end as highest
    from counted
)

select
    cast(figure_id as {{ dbt.type_string() }}) as figure_id,
    cast(agreement_id as {{ dbt.type_string() }}) as agreement_id,
    cast(kpi_id as {{ dbt.type_string() }}) as kpi_id,
    cast(period_id as {{ dbt.type_string() }}) as period_id,
    cast(missing_days as integer) as missing_days,
    case
        when never_heard_of = 0 then {{ round_half_up('absent', '100', 1) }}
    end as absent_pct,
    value,
    lowest,
    highest,
    cast({{ performance_level('value', 'polarity') }} as {{ dbt.type_string() }}) as level,
    cast({{ performance_level('lowest', 'polarity') }} as {{ dbt.type_string() }}) as level_at_lowest,
    cast({{ performance_level('highest', 'polarity') }} as {{ dbt.type_string() }}) as level_at_highest,
    cast(case
        when no_range is not null then no_range
        when statistic in ('crude_rate', 'dsr')
            then 'Had those who did not report nothing to tell, or twice what they usually send, spread over ages as the rest.'
        else 'Had all they did not report gone one way or the other: nothing, or up to twice what they usually send.'
    end as {{ dbt.type_string() }}) as basis
from ranged
