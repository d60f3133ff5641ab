-- Every indicator figure with its value, interval and standing, before disclosure control. A withheld figure keeps its
-- value here: the members see it, the public release blanks it.
with judged as (
    select
        figures.*,
        catalogue.version as indicator_version,
        catalogue.name as indicator_name,
        catalogue.unit,
        catalogue.statistic,
        catalogue.value_decimals,
        catalogue.max_missing_pct,
        case
            when figures.not_available_reason is not null then figures.not_available_reason
            when figures.covered_days = 0 then 'No figures were received for this ' || {{ period_word('figures.period_kind') }} || '.'
            when {{ over_limit('figures.unavailable_days', 'figures.covered_days', 'catalogue.max_missing_pct') }}
                then cast(figures.unavailable_days as {{ dbt.type_string() }}) || ' of '
                    || cast(figures.covered_days as {{ dbt.type_string() }})
                    || ' days came without the figures this indicator needs.'
        end as x_reason,
        case
            when
                figures.covered_days > 0
                and {{ over_limit('figures.missing_days', 'figures.covered_days', 'catalogue.max_missing_pct') }}
                then {{ missing_sentence(
                    'figures.missing_days', 'figures.covered_days', 'cast(catalogue.max_missing_pct as decimal(5, 2))'
                ) }}
        end as w_reason,
        {{ open_sentence(
            'figures.period_kind', 'figures.covered_days', 'figures.window_days', 'figures.data_cut_status',
            'catalogue.follow_up_days', 'catalogue.look_back_days'
        ) }} as p_reason
    from {{ ref('int_figures') }} as figures
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on figures.indicator_id = catalogue.indicator_id
    where figures.breakdown_kind = 'all'
),

marked as (
    select
        judged.*,
        case
            when x_reason is not null then 'x'
            when w_reason is not null then 'w'
            when p_reason is not null then 'p'
        end as marker
    from judged
)

select
    cast({{ figure_id(
        'indicator', ['marked.indicator_id', 'marked.area_code', 'marked.period_id'], 'value'
    ) }} as {{ dbt.type_string() }}) as figure_id,
    cast(marked.indicator_id as {{ dbt.type_string() }}) as indicator_id,
    cast(marked.indicator_version as integer) as indicator_version,
    cast(marked.indicator_name as {{ dbt.type_string() }}) as indicator_name,
    cast(marked.area_code as {{ dbt.type_string() }}) as area_code,
    cast(coalesce(names.area_name, marked.area_code) as {{ dbt.type_string() }}) as area_name,
    cast(marked.period_kind as {{ dbt.type_string() }}) as period_kind,
    cast(marked.period_id as {{ dbt.type_string() }}) as period_id,
    marked.period_start,
    marked.period_end,
    case
        when marked.x_reason is null
            then {{ round_half_up('marked.value_numerator', 'marked.value_denominator', 'marked.value_decimals') }}
    end as value,
    cast(marked.marker as {{ dbt.type_string() }}) as marker,
    cast(case marked.marker
        when 'x' then marked.x_reason
        when 'w' then marked.w_reason || coalesce('; ' || marked.p_reason, '') || '.'
        when 'p' then 'Provisional: ' || marked.p_reason || ', so the figure may still change.'
    end as {{ dbt.type_string() }}) as reason,
    cast(marked.unit as {{ dbt.type_string() }}) as unit,
    -- A percentage published without its parts has none to show; a standardised rate that is not reliable still has its
    -- events.
    case
        when marked.statistic = 'dsr' or (marked.x_reason is null and marked.statistic <> 'published_percentage')
            then marked.numerator
    end as numerator,
    case
        when marked.statistic = 'dsr' or (marked.x_reason is null and marked.statistic <> 'published_percentage')
            then marked.denominator
    end as denominator,
    case
        when marked.x_reason is null then {{ round_half_up('marked.lower_limit', '1', 'marked.value_decimals') }}
    end as lower,
    case
        when marked.x_reason is null then {{ round_half_up('marked.upper_limit', '1', 'marked.value_decimals') }}
    end as upper,
    cast(marked.interval_method as {{ dbt.type_string() }}) as interval_method,
    cast(marked.window_days as integer) as window_days,
    cast(marked.covered_days as integer) as covered_days,
    cast(marked.missing_days as integer) as missing_days,
    marked.data_complete_as_at,
    cast(marked.data_cut_status as {{ dbt.type_string() }}) as data_cut_status
from marked
left join {{ ref('area_names') }} as names
    on marked.area_code = names.area_code
