-- The catalogue, as published.
select
    cast(indicator_id as {{ dbt.type_string() }}) as indicator_id,
    cast(version as integer) as version,
    cast(name as {{ dbt.type_string() }}) as name,
    cast(outcome as {{ dbt.type_string() }}) as outcome,
    cast(definition as {{ dbt.type_string() }}) as definition,
    cast(numerator_definition as {{ dbt.type_string() }}) as numerator_definition,
    cast(denominator_definition as {{ dbt.type_string() }}) as denominator_definition,
    cast(exclusions as {{ dbt.type_string() }}) as exclusions,
    cast(statistic as {{ dbt.type_string() }}) as statistic,
    cast(unit as {{ dbt.type_string() }}) as unit,
    cast(polarity as {{ dbt.type_string() }}) as polarity,
    cast(value_decimals as integer) as value_decimals,
    cast(kind as {{ dbt.type_string() }}) as kind,
    cast(owner as {{ dbt.type_string() }}) as owner,
    cast(source as {{ dbt.type_string() }}) as source,
    cast(caveat as {{ dbt.type_string() }}) as caveat
from {{ source('run', 'indicator_catalogue') }}
