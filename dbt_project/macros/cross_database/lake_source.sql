{#
    A feed of the lake as a relation: the source itself, or no rows when no submission of the feed was ever accepted.

    Usage:  select ... from {{ lake_source('cost_ledger') }} as lake
    The source is declared in models/staging/_sources.yml with every column, so that the empty relation has the same
    types. A glob that matches no file is an error in DuckDB; whether the feed was required is the gate's business
    (check `cut.required_feeds`), not the build's.
#}
{% macro lake_source(feed) -%}
    {%- set relation = source('lake', feed) -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'test', 'show'] and model.resource_type != 'unit_test' -%}
        {{ require_environment('OUTTURN_LAKE', 'the folder of the lake') }}
        {{- return(adapter.dispatch('lake_source', 'outturn')(relation, feed)) -}}
    {%- endif -%}
    {{- relation -}}
{%- endmacro %}

{% macro default__lake_source(relation, feed) -%}
    {{ return(relation) }}
{%- endmacro %}

{% macro duckdb__lake_source(relation, feed) -%}
    {%- set pattern = env_var('OUTTURN_LAKE') ~ '/feed=' ~ feed ~ '/*/*/*/*.parquet' -%}
    {%- set found = run_query("select count(*) from glob('" ~ pattern.replace("'", "''") ~ "')") -%}
    {%- if found.rows[0][0] > 0 -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set declared = graph.sources.values() | selectattr('source_name', 'equalto', 'lake')
        | selectattr('name', 'equalto', feed) | first -%}
    {{ return(empty_relation(declared.columns.values())) }}
{%- endmacro %}

{#- A relation of typed columns without a row. -#}
{% macro empty_relation(columns) -%}
    (select
    {%- for column in columns %}
        cast(null as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
    where 1 = 0)
{%- endmacro %}

{#- Stop with a plain sentence when an environment variable of a run is missing. -#}
{% macro require_environment(name, meaning) -%}
    {%- if not env_var(name, '') -%}
        {{ exceptions.raise_compiler_error(name ~ " is not set: it names " ~ meaning ~ ". `outturn run` sets it.") }}
    {%- endif -%}
{%- endmacro %}
