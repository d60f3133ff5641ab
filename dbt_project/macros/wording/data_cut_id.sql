{#
    The id of the data cut the build belongs to, as an SQL literal, from the environment.

    Usage:  {{ data_cut_id() }} as data_cut_id
    It is a hash over the accepted submissions, made in Python; a KPI return without it could not be traced.
#}
{% macro data_cut_id() -%}
    {%- if execute and flags.WHICH in ['build', 'run'] and model.resource_type != 'unit_test' -%}
        {{ require_environment('OUTTURN_DATA_CUT', 'the id of the data cut') }}
    {%- endif -%}
    '{{ env_var("OUTTURN_DATA_CUT", "") if execute }}'
{%- endmacro %}
