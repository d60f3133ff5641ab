{#
    1 on every point of a group of three neighbours, all on one side of the mean, at least two of them near a limit.

    Usage:  {{ spc_two_in_three('two_in_three_end', 'partition by series_key, rebase_group order by i') }}
    two_in_three_end: the flag on the third of the three, from spc_two_in_three_end.
    Of the three only those near the limit are named by the rule: spc_part_of_two_in_three.
    Source: METHODS, rule 3; Making Data Count.
#}
{% macro spc_two_in_three(two_in_three_end, window) -%}
    max({{ two_in_three_end }}) over ({{ window }} rows between current row and 2 following)
{%- endmacro %}

{#- 1 on the third of three such neighbours. `close` is 0 or 1, null counting as 0; `side` is -1, 0 or 1. -#}
{% macro spc_two_in_three_end(close, side, window) -%}
    case
        when sum(coalesce({{ close }}, 0)) over ({{ window }} rows between 2 preceding and current row) >= 2
            and abs(sum({{ side }}) over ({{ window }} rows between 2 preceding and current row)) = 3
            then 1
        else 0
    end
{%- endmacro %}

{#- 1 on the points the rule names: in such a group and themselves near the limit. -#}
{% macro spc_part_of_two_in_three(two_in_three, close) -%}
    case when {{ two_in_three }} = 1 and {{ close }} = 1 then 1 else 0 end
{%- endmacro %}
