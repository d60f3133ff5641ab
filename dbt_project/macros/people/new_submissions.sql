{#
    The submissions of a feed that a table of its rows does not hold yet: what the table grows by where it stands already.

    Usage:  {{ new_submissions('admitted_care') }}   a list of submissions
            {{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ delete_gone_submissions() }}") }}
            select ... from {{ lake_source('admitted_care') }} as lake
            inner join {{ ref('stg_submissions') }} as submissions on lake.submission = submissions.submission_id
            {{ link_joins(['person', 'local']) }}
            {{ where_submission_is_new('admitted_care') }}
    A submission's rows never change, and a token of theirs is the same person's as long as the links did not move; when
    they did, everything is built anew (README, "Only what changed"). The new ones are written out one by one, so that
    the engine opens their files alone.
#}
{% macro new_submissions(feed) -%}
    {%- set asked -%}
        select cut.submission_id
        from {{ ref('stg_submissions') }} as cut
        where cut.feed = '{{ feed }}' and cut.submission_id not in (select held.submission_id from {{ this }} as held)
        order by cut.submission_id
    {%- endset -%}
    {{ return(run_query(asked).columns[0].values()) }}
{%- endmacro %}

{% macro where_submission_is_new(feed) -%}
    {%- if is_incremental() -%}
        {%- set found = new_submissions(feed) -%}
        {%- if found -%}
            where lake.submission in ({% for name in found %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
        {%- else -%}
            where 1 = 0
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro delete_gone_submissions() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where submission_id not in (select cut.submission_id from {{ ref('stg_submissions') }} as cut)
    {%- endif -%}
{%- endmacro %}
