{#
    The feeds of the lake, each with a staging model stg_<feed>.

    Usage:  {% for feed in lake_feeds() %} ... ref('stg_' ~ feed) ... {% endfor %}
    dbt has to see every ref before it knows the sources, so the feeds are listed; when it runs, a source that is neither
    in this list nor in unread_feeds, or the other way round, stops it.
#}
{% macro lake_feeds() -%}
    {%- set feeds = [
        'admitted_care', 'aggregate_kpi_return', 'carers', 'community_contacts', 'community_referrals', 'cost_ledger',
        'council_client_level', 'daily_discharge_return', 'deaths', 'emergency_care', 'end_of_life_plans',
        'nhs_health_checks', 'pcn_achievement', 'pcn_long_term_conditions', 'pcn_register', 'reference_areas',
        'reference_organisations', 'reference_practices', 'resident_survey', 'sexual_health',
        'stop_smoking', 'treatment_episodes', 'urgent_community_response', 'weight_and_activity', 'winter_plans'
    ] -%}
    {%- if execute -%}
        {%- set declared = graph.sources.values() | selectattr('source_name', 'equalto', 'lake')
            | map(attribute='name') | sort -%}
        {%- set listed = (feeds + unread_feeds()) | sort -%}
        {%- if declared != listed -%}
            {{ exceptions.raise_compiler_error(
                "lake_feeds and unread_feeds list " ~ listed ~ ", the sources declare " ~ declared
            ) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(feeds) }}
{%- endmacro %}
