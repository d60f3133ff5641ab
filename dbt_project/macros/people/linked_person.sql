{#
    The person a row of the lake belongs to, by the first of its tokens that is linked: number, then match, then local.

    Usage:  select {{ linked_person(['person', 'local']) }} as person_key
            from {{ lake_source('admitted_care') }} as lake
            {{ link_joins(['person', 'local']) }}
    kinds: the kinds of token the feed links by, a subset of person, match and local, in that order. Null where none is
    linked: such a row is counted where events are counted and joined to nothing.
    Which token is whose was decided in the vault and belongs to the data cut (source run.links).
#}
{% macro linked_person(kinds) -%}
    {%- if kinds | length == 1 -%}
        {{ kinds[0] }}_link.person_key
    {%- else -%}
        coalesce({% for kind in kinds %}{{ kind }}_link.person_key{{ ', ' if not loop.last }}{% endfor %})
    {%- endif -%}
{%- endmacro %}

{#- The joins linked_person needs: one per kind of token, against the lake's row. -#}
{% macro link_joins(kinds) -%}
    {%- for kind in kinds %}
left join {{ source('run', 'links') }} as {{ kind }}_link
    on lake.{{ kind }}_token = {{ kind }}_link.token and {{ kind }}_link.token_kind = '{{ kind }}'
    {%- endfor %}
{%- endmacro %}
