{#
    The feeds of the lake that no model reads: their rows are kept, judged, and move no figure.

    Usage:  {% for feed in unread_feeds() %} ... {{ lake_source(feed) }} ... {% endfor %}
    A feed that gets a staging model moves from here to lake_feeds; the two together are the sources of the lake.
#}
{% macro unread_feeds() -%}
    {{ return([
        'mental_health', 'populations', 'waiting_lists'
    ]) }}
{%- endmacro %}
