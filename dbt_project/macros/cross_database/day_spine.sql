{#
    One row per day from `first` to `last`, both included, for every row of a relation.

    Usage:  select d.day from ({{ day_spine('bounds', 'first_day', 'last_day') }}) as d
    relation: a model or CTE with one row and the two date columns. Returns the single column `day`.
    DuckDB and Spark make the list in the engine; the default counts on a table of numbers, 200 years long.
#}
{% macro day_spine(relation, first, last) -%}
    {{ return(adapter.dispatch('day_spine', 'outturn')(relation, first, last)) }}
{%- endmacro %}

{% macro default__day_spine(relation, first, last) -%}
    select cast({{ dbt.dateadd('day', 'numbers.generated_number - 1', 'bounds.' ~ first) }} as date) as day
    from {{ relation }} as bounds
    cross join ({{ dbt.generate_series(73050) }}) as numbers
    where {{ dbt.dateadd('day', 'numbers.generated_number - 1', 'bounds.' ~ first) }} <= bounds.{{ last }}
{%- endmacro %}

{% macro duckdb__day_spine(relation, first, last) -%}
    select cast(unnest(generate_series(bounds.{{ first }}, bounds.{{ last }}, interval 1 day)) as date) as day
    from {{ relation }} as bounds
{%- endmacro %}

{% macro spark__day_spine(relation, first, last) -%}
    select explode(sequence(bounds.{{ first }}, bounds.{{ last }}, interval 1 day)) as day
    from {{ relation }} as bounds
{%- endmacro %}
