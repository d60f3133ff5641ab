-- One row per agreement, KPI and period: the settlement engine's only view of performance. The value is rounded once,
-- from the exact quotient, to the precision the agreement names; a withheld row keeps it and says why it may not be
-- paid on.
with kpis as (
    select
        kpis.*,
        coalesce(catalogue.person_level, false) as person_level,
        catalogue.statistic,
        catalogue.follow_up_days,
        catalogue.look_back_days,
        catalogue.version as catalogue_version
    from {{ source('run', 'agreement_kpis') }} as kpis
    left join {{ source('run', 'indicator_catalogue') }} as catalogue
        on kpis.indicator_id = catalogue.indicator_id
    where kpis.role in ('paid', 'monitored', 'gate', 'counted')
),

-- Quarters and years there are figures or history for, within the dates the terms are in force. What is measured ends
-- as many months earlier as the terms say: for a year the twelve months to then, for a quarter the earlier quarter, if
-- one ends there.
periods as (
    select
        kpis.*,
        periods.period_kind,
        periods.period_id,
        periods.period_start,
        periods.period_end,
        case
            when periods.period_kind = 'year' and kpis.measurement_lag_months > 0 then 'rolling_year'
            else periods.period_kind
        end as measurement_kind,
        cast({{ dbt.last_day(
            dbt.dateadd('month', '-1 * cast(kpis.measurement_lag_months as integer)', dbt.date_trunc('month', 'periods.period_end')),
            'month'
        ) }} as date) as measurement_end,
        cast({{ dbt.dateadd(
            'month', '-1 * cast(kpis.measurement_lag_months as integer)', 'periods.period_start'
        ) }} as date) as measurement_start
    from kpis
    inner join {{ ref('int_periods') }} as periods
        on
            periods.period_kind in ('quarter', 'year')
            and periods.period_end >= kpis.effective_from
            and periods.period_start <= coalesce(kpis.effective_to, periods.period_start)
            and case when kpis.person_level then periods.has_people else periods.has_days end
    where periods.period_kind = 'year' or mod(kpis.measurement_lag_months, 3) = 0
),

judged as (
    select
        periods.*,
        figures.numerator,
        figures.denominator,
        figures.value_numerator,
        figures.value_denominator,
        figures.lower_limit,
        figures.upper_limit,
        coalesce(figures.interval_method, 'none: no figure') as interval_method,
        coalesce(
            figures.window_days,
            {{ dbt.datediff('periods.measurement_start', 'periods.measurement_end', 'day') }} + 1
        ) as window_days,
        coalesce(figures.covered_days, 0) as covered_days,
        coalesce(figures.missing_days, 0) as missing_days,
        figures.data_complete_as_at,
        coalesce(figures.data_cut_status, 'flex') as data_cut_status,
        case
            when figures.indicator_id is null and periods.breakdown_kind <> 'all'
                then 'No figures of this indicator were received for this part of the area.'
            when figures.indicator_id is null then 'No figures of this indicator were received for the area.'
            when periods.catalogue_version <> periods.indicator_version
                then 'The catalogue holds version ' || cast(periods.catalogue_version as {{ dbt.type_string() }})
                    || ' of the indicator, the agreement scores version '
                    || cast(periods.indicator_version as {{ dbt.type_string() }}) || '.'
            when figures.not_available_reason is not null then figures.not_available_reason
            when figures.covered_days = 0
                then 'No figures were received for this ' || {{ period_word('periods.measurement_kind') }} || '.'
            when {{ over_limit('figures.unavailable_days', 'figures.covered_days', 'periods.max_missing_pct') }}
                then cast(figures.unavailable_days as {{ dbt.type_string() }}) || ' of '
                    || cast(figures.covered_days as {{ dbt.type_string() }})
                    || ' days came without the figures this indicator needs.'
        end as not_available_reason,
        case
            when
                figures.covered_days > 0
                and {{ over_limit('figures.missing_days', 'figures.covered_days', 'periods.max_missing_pct') }}
                then {{ missing_sentence(
                    'figures.missing_days', 'figures.covered_days', 'cast(periods.max_missing_pct as decimal(5, 2))'
                ) }}
        end as missing_reason,
        {{ open_sentence(
            'periods.measurement_kind', 'figures.covered_days', 'figures.window_days', 'figures.data_cut_status',
            'coalesce(periods.follow_up_days, 0)', 'coalesce(periods.look_back_days, 0)'
        ) }} as open_reason,
        -- Agreed beforehand: a proportion or rate of too few people is not scored on noise.
        case
            when periods.statistic in ('crude_rate', 'dsr') and figures.numerator < periods.least_count
                then 'Fewer than ' || cast(periods.least_count as {{ dbt.type_string() }})
                    || ' events were counted, the least the members agreed to score.'
            when periods.statistic not in ('proportion', 'maintained_proportion') then null
            when figures.denominator < periods.least_denominator
                then 'The figure rests on fewer than ' || cast(periods.least_denominator as {{ dbt.type_string() }})
                    || ' cases, the least the members agreed to score.'
            when
                figures.numerator < periods.least_count
                or figures.denominator - figures.numerator < periods.least_count
                then 'Fewer than ' || cast(periods.least_count as {{ dbt.type_string() }})
                    || ' cases lie on one side of the figure, the least the members agreed to score.'
        end as small_reason
    from periods
    left join {{ ref('int_figures') }} as figures
        on
            periods.indicator_id = figures.indicator_id
            and periods.area_code = figures.area_code
            and periods.measurement_kind = figures.period_kind
            and periods.measurement_end = figures.period_end
            and periods.breakdown_kind = figures.breakdown_kind
            and periods.breakdown_group = figures.breakdown_group
),

valued as (
    select
        judged.*,
        case
            when judged.not_available_reason is null
                then {{ round_half_up('judged.value_numerator', 'judged.value_denominator', 'judged.value_decimals') }}
        end as value
    from judged
)

select
    cast({{ figure_id('kpi', ['agreement_id', 'kpi_id', 'period_id'], 'value') }} as {{ dbt.type_string() }}) as figure_id,
    cast(agreement_id as {{ dbt.type_string() }}) as agreement_id,
    cast(kpi_id as {{ dbt.type_string() }}) as kpi_id,
    cast(period_id as {{ dbt.type_string() }}) as period_id,
    cast(period_kind as {{ dbt.type_string() }}) as period_kind,
    period_start,
    period_end,
    measurement_start,
    measurement_end,
    cast(indicator_id as {{ dbt.type_string() }}) as indicator_id,
    cast(indicator_version as integer) as indicator_version,
    cast(area_code as {{ dbt.type_string() }}) as area_code,
    value,
    cast(value_decimals as integer) as value_decimals,
    cast(unit as {{ dbt.type_string() }}) as unit,
    case when not_available_reason is null then numerator end as numerator,
    case when not_available_reason is null then denominator end as denominator,
    case when not_available_reason is null then {{ round_half_up('lower_limit', '1', 'value_decimals') }} end as lower,
    case when not_available_reason is null then {{ round_half_up('upper_limit', '1', 'value_decimals') }} end as upper,
    cast(interval_method as {{ dbt.type_string() }}) as interval_method,
    cast(polarity as {{ dbt.type_string() }}) as polarity,
    cast(baseline_value as decimal(20, 9)) as baseline_value,
    cast({{ performance_level('value', 'polarity') }} as {{ dbt.type_string() }}) as level,
    cast(case
        when value is null then 'not_available'
        when missing_reason is not null or open_reason is not null then 'withheld'
        when small_reason is not null then 'too_small'
        else 'fit'
    end as {{ dbt.type_string() }}) as quality_status,
    cast(case
        when value is null then coalesce(not_available_reason, missing_reason || '.', 'There is no complete day.')
        when missing_reason is not null then missing_reason || coalesce('; ' || open_reason, '') || '.'
        when open_reason is not null
            then 'The ' || {{ period_word('measurement_kind') }} || ' is not over: ' || open_reason || '.'
        else small_reason
    end as {{ dbt.type_string() }}) as quality_reason,
    cast(window_days as integer) as window_days,
    cast(covered_days as integer) as covered_days,
    cast(missing_days as integer) as missing_days,
    data_complete_as_at,
    cast(data_cut_status as {{ dbt.type_string() }}) as data_cut_status,
    -- Settled by the year, a quarter is reported and waits for its year to end.
    cast(case settle_by
        when 'year' then make_date(
            cast(extract(year from period_end) as integer) + case when extract(month from period_end) < 4 then 0 else 1 end,
            4, 1
        )
        else {{ dbt.dateadd('day', 1, 'period_end') }}
    end as date) as payable_from,
    cast(population_basis as {{ dbt.type_string() }}) as population_basis,
    cast({{ data_cut_id() }} as {{ dbt.type_string() }}) as data_cut_id
from valued
