-- Figures of the parts of an area: by network, local deprivation fifth and age group, before disclosure control. A part
-- is judged with its area: marker and reason are those of the area's figure, because the same submissions are missing or
-- still to come; a standardised rate may also be not reliable in one part alone.
select
    cast({{ figure_id('breakdown', [
        'figures.indicator_id', 'figures.area_code', 'figures.period_id', 'figures.breakdown_kind',
        'figures.breakdown_group'
    ], 'value') }} as {{ dbt.type_string() }}) as figure_id,
    measures.indicator_id,
    measures.indicator_version,
    measures.indicator_name,
    measures.area_code,
    cast(figures.breakdown_kind as {{ dbt.type_string() }}) as breakdown_kind,
    cast(figures.breakdown_group as {{ dbt.type_string() }}) as breakdown_group,
    measures.period_kind,
    measures.period_id,
    measures.period_start,
    measures.period_end,
    case
        when figures.not_available_reason is null and figures.covered_days > 0
            then {{ round_half_up('figures.value_numerator', 'figures.value_denominator', 'catalogue.value_decimals') }}
    end as value,
    cast(
        case when figures.not_available_reason is null then measures.marker else 'x' end as {{ dbt.type_string() }}
    ) as marker,
    cast(coalesce(figures.not_available_reason, measures.reason) as {{ dbt.type_string() }}) as reason,
    measures.unit,
    figures.numerator,
    figures.denominator,
    case
        when figures.not_available_reason is null and figures.covered_days > 0
            then {{ round_half_up('figures.lower_limit', '1', 'catalogue.value_decimals') }}
    end as lower,
    case
        when figures.not_available_reason is null and figures.covered_days > 0
            then {{ round_half_up('figures.upper_limit', '1', 'catalogue.value_decimals') }}
    end as upper,
    cast(figures.interval_method as {{ dbt.type_string() }}) as interval_method,
    measures.data_cut_status
from {{ ref('int_figures') }} as figures
inner join {{ ref('measures') }} as measures
    on
        figures.indicator_id = measures.indicator_id
        and figures.area_code = measures.area_code
        and figures.period_id = measures.period_id
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on figures.indicator_id = catalogue.indicator_id
where figures.breakdown_kind <> 'all'
