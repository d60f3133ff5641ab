-- One row per agreement, KPI and period: the settlement engine's only view of performance. The value is rounded once,
-- from the exact quotient, to the precision the agreement names; a withheld row keeps it and says why it may not be
-- paid on.
with kpis as (
    select *
    from {{ source('run', 'agreement_kpis') }}
    where role in ('paid', 'monitored', 'gate')
),

-- Quarters and years there are figures or history for, within the dates the terms are in force.
periods as (
    select
        kpis.*,
        periods.period_kind,
        periods.period_id,
        periods.period_start,
        periods.period_end
    from kpis
    inner join {{ ref('int_periods') }} as periods
        on
            periods.period_kind in ('quarter', 'year')
            and periods.period_end >= kpis.effective_from
            and periods.period_start <= coalesce(kpis.effective_to, periods.period_start)
),

figures as (
    select
        figures.*,
        catalogue.version as catalogue_version
    from {{ ref('int_figures') }} as figures
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on figures.indicator_id = catalogue.indicator_id
),

judged as (
    select
        periods.*,
        figures.numerator,
        figures.denominator,
        figures.value_numerator,
        figures.lower_limit,
        figures.upper_limit,
        coalesce(figures.interval_method, 'none: no figure') as interval_method,
        {{ dbt.datediff('periods.period_start', 'periods.period_end', 'day') }} + 1 as window_days,
        coalesce(figures.covered_days, 0) as covered_days,
        coalesce(figures.missing_days, 0) as missing_days,
        figures.data_complete_as_at,
        coalesce(figures.data_cut_status, 'flex') as data_cut_status,
        case
            when figures.indicator_id is null then 'No figures of this indicator were received for the area.'
            when figures.catalogue_version <> periods.indicator_version
                then 'The catalogue holds version ' || cast(figures.catalogue_version as {{ dbt.type_string() }})
                    || ' of the indicator, the agreement scores version '
                    || cast(periods.indicator_version as {{ dbt.type_string() }}) || '.'
            when figures.not_available_reason is not null then figures.not_available_reason
            when figures.covered_days = 0 then 'No figures were received for this ' || periods.period_kind || '.'
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
            'periods.period_kind', 'figures.covered_days',
            '(' ~ dbt.datediff('periods.period_start', 'periods.period_end', 'day') ~ ' + 1)', 'figures.data_cut_status'
        ) }} as open_reason
    from periods
    left join figures
        on
            periods.indicator_id = figures.indicator_id
            and periods.area_code = figures.area_code
            and periods.period_kind = figures.period_kind
            and periods.period_id = figures.period_id
),

valued as (
    select
        judged.*,
        case
            when judged.not_available_reason is null
                then {{ round_half_up('judged.value_numerator', 'judged.denominator', 'judged.value_decimals') }}
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
    period_start as measurement_start,
    period_end as measurement_end,
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
        else 'fit'
    end as {{ dbt.type_string() }}) as quality_status,
    cast(case
        when value is null then coalesce(not_available_reason, missing_reason || '.', 'There is no complete day.')
        when missing_reason is not null then missing_reason || coalesce('; ' || open_reason, '') || '.'
        when open_reason is not null then 'The ' || period_kind || ' is not over: ' || open_reason || '.'
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
