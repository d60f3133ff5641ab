{#
    The quantile an area falls into among the areas of its group: an expression over a window.

    Usage:  {{ quantile_of_areas('value', 5, ['region', 'period'], highest_first=true) }} as fifth
    value: what areas are ranked by; groups: within what. highest_first: the highest value is in quantile 1, otherwise
    the lowest. N areas have a value, an area's rank is the lowest of those it shares it with:
    (k + 1) - ceiling((N + 1 - rank) / (N / k)), in whole numbers. The reference divides in floating point, which for
    20 and more groups puts some areas one group higher; up to 10 groups the answers are the same.
    Refused, as null: a blank value, which is not in N either; every area where N is below the number of groups. A model
    that uses this warns of the latter by a data test.
    Source: METHODS, quantile of areas.
#}
{% macro quantile_of_areas(value, quantiles, groups, highest_first=false) -%}
    {%- set window = 'partition by ' ~ groups | join(', ') -%}
    {%- set direction = 'desc' if highest_first else 'asc' -%}
    {%- set areas = 'count(' ~ value ~ ') over (' ~ window ~ ')' -%}
    {%- set rank = 'rank() over (' ~ window ~ ' order by ' ~ value ~ ' ' ~ direction ~ ' nulls last)' -%}
    case
        when {{ value }} is not null and {{ areas }} >= {{ quantiles }} then
            {{ quantiles + 1 }} - cast({{ integer_divide(
                '((' ~ areas ~ ' + 1 - ' ~ rank ~ ') * ' ~ quantiles ~ ' + ' ~ areas ~ ' - 1)', areas
            ) }} as integer)
    end
{%- endmacro %}
