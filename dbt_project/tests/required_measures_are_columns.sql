{{ config(meta={'dagster': {'ref': {'name': 'stg_reference_organisations'}}}) }}
-- What an organisation must report is a column of the feed it must report in: another word would make every day
-- missing, or none.
with known as (
    {% for table in graph.sources.values() if table.source_name == 'lake' %}
        {% for column in table.columns.values() %}
            select
                '{{ table.name }}' as feed,
                '{{ column.name }}' as measure
            union all
        {% endfor %}
    {% endfor %}
    select
        '' as feed,
        '' as measure
)

select
    register.submission_id,
    register.required_feed,
    register.measure
from {{ ref('stg_reference_organisations') }} as register
left join known
    on register.required_feed = known.feed and register.measure = known.measure
where known.feed is null
