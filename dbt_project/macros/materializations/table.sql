{# A table in the embedded engine: dropped and made anew in one transaction. Where the making fails the transaction is
   undone and the former table stands. dbt's own way makes the table under another name, renames two and drops one, which
   takes longer than making most of our tables (ADR 27). Other engines keep their adapter's way.
   Usage: every model of `materialized: table`; no hooks, grants, indexes or partitions, which no model has. #}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {%- set former = load_cached_relation(this) -%}
    {%- set table = this.incorporate(type='table') -%}
    {% call statement('main') -%}
        {%- if former is not none %}drop {{ former.type }} if exists {{ former }};{% endif %}
        {{ create_table_as(False, table, compiled_code) }}
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [table]}) }}
{% endmaterialization %}
