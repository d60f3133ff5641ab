{#
    1 on the point that completes a run of `length` rising points, -1 of falling ones, else 0.

    Usage:  {{ spc_run_of_moves('move', 'partition by series_key, rebase_group order by i', 7) }}
    move: sign of the point minus the one before (-1, 0, 1; null on the first). Seven points make six strict moves; a
    tie breaks the run.
    Source: METHODS, rule 2; Making Data Count.
#}
{% macro spc_run_of_moves(move, window, length=7) -%}
    case
        sum({{ move }}) over ({{ window }} rows between {{ length - 2 }} preceding and current row)
        when {{ length - 1 }} then 1
        when {{ 1 - length }} then -1
        else 0
    end
{%- endmacro %}
