{# A table that grows, in the embedded engine: what is made again goes and comes back in one transaction. Where the making
   fails the former rows stand. dbt's own way makes a temporary table of what comes and asks for the columns of both
   (ADR 36). A table that is not there yet, or is built whole, is made as any other (`table`). Other engines keep their
   adapter's way.
   Usage: every model of `materialized: incremental`; the pre-hooks delete what is made again. `append` is the only strategy,
   no post-hooks, grants, indexes or partitions, which no model has. #}
{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}
    {%- set former = load_cached_relation(this) -%}
    {%- set table = this.incorporate(type='table') -%}
    {%- if former is none or former.is_view or should_full_refresh() -%}
        {% call statement('main') -%}
            {%- if former is not none %}drop {{ former.type }} if exists {{ former }};{% endif %}
            {{ create_table_as(False, table, compiled_code) }}
        {%- endcall %}
    {%- else -%}
        {{ run_hooks(pre_hooks, inside_transaction=True) }}
        {#- by name, and an error where the query has not the columns of the table -#}
        {%- set columns = adapter.get_columns_in_relation(former) | map(attribute='quoted') | join(', ') -%}
        {% call statement('main') -%}
            insert into {{ table }} ({{ columns }})
            select {{ columns }} from ({{ compiled_code }}) as made
        {%- endcall %}
    {%- endif -%}
    {{ adapter.commit() }}
    {{ return({'relations': [table]}) }}
{% endmaterialization %}
