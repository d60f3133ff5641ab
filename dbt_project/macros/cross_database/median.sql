{#
    Median of a value within groups, as a relation.

    Usage:  select * from ({{ median('points', 'y', ['series_key']) }}) as m   -- columns: the groups, `median`
    Exact: the middle value, or half the sum of the two middle ones, from a row number. The engines' own median and
    percentile functions differ in name and answer in floating point.
#}
{% macro median(relation, value, groups) -%}
    select
        {{ groups | join(', ') }},
        {{ exact_quotient('sum(' ~ value ~ ')', 'count(*)', 9) }} as median
    from (
        select
            {{ groups | join(', ') }}, {{ value }},
            row_number() over (partition by {{ groups | join(', ') }} order by {{ value }}) as rank_in_group,
            count(*) over (partition by {{ groups | join(', ') }}) as size_of_group
        from {{ relation }}
        where {{ value }} is not null
    ) as ranked
    where 2 * rank_in_group between size_of_group and size_of_group + 2
    group by {{ groups | join(', ') }}
{%- endmacro %}
