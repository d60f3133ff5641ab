{#
    Whose rows a run builds again in a table that grows by person: environment variable `OUTTURN_CHANGED_PEOPLE`, `all` (the
    default) or a JSON object with `models`, the tables of which only some people are built again, and `submissions`:
    everybody a row of these is about. It names files and nobody: who they are stays in the database. Whom rows of files
    are about that are gone is in `changed_people`, a table the orchestration leaves there for the length of a build.

    Usage:  {{ config(materialized='incremental', incremental_strategy='append', meta={'people_of': ['admitted_care']},
                      pre_hook="{{ delete_changed_people('admitted_care') }}") }}
            {{ and_person_is_changed('stays.person_key', 'admitted_care') }}   a condition to add to a where; nothing when
                everybody is built
    Which they are is the orchestration's to say (README, "Only what changed"). Rows of nobody known belong to no person and
    are always built again. A table that is not there yet is built whole, whatever the variable says. Not a dbt variable,
    and not looked at while the project is read, as `changed_months` is not.
#}
{% macro changed_people() -%}
    {%- set text = env_var('OUTTURN_CHANGED_PEOPLE', 'all') if execute else 'all' -%}
    {%- if text == 'all' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set chosen = fromjson(text) -%}
    {%- if chosen is not mapping or chosen.keys() | sort | list != ['models', 'submissions'] -%}
        {{ exceptions.raise_compiler_error(
            "OUTTURN_CHANGED_PEOPLE is a JSON object of models and submissions, or all; not " ~ text) }}
    {%- endif -%}
    {%- for name in chosen.submissions -%}
        {%- if not modules.re.fullmatch('[0-9a-f]{64}', name | string) -%}
            {{ exceptions.raise_compiler_error(
                "OUTTURN_CHANGED_PEOPLE holds '" ~ name ~ "', which names no submission") }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(chosen.submissions | map('string') | list if model.name in chosen.models else none) }}
{%- endmacro %}

{% macro in_changed_people(column, feed, submissions) -%}
    (
        {{ column }} is null
        or {{ column }} in (
            select gone.person_key
            from {{ this.incorporate(path={'identifier': 'changed_people'}, type='table') }} as gone
            where gone.feed = '{{ feed }}'
            union all
            select sent.person_key
            from {{ ref('stg_' ~ feed) }} as sent
            where sent.person_key is not null and sent.submission_id in ('{{ submissions | join("', '") }}')
        )
    )
{%- endmacro %}

{% macro and_person_is_changed(column, feed) -%}
    {#- A unit test builds everybody, from the inputs it names. -#}
    {%- if model.resource_type != 'unit_test' -%}
        {#- asked for in any case: dbt has to know that the table is read -#}
        {%- set rows_of_feed = ref('stg_' ~ feed) -%}
        {%- if changed_people() is not none and is_incremental() -%}
            and {{ in_changed_people(column, feed, changed_people()) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro delete_changed_people(feed) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where 1 = 1 {{ and_person_is_changed('person_key', feed) }}
    {%- endif -%}
{%- endmacro %}
