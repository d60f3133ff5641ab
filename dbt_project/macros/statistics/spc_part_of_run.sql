{#
    1 on every point of a run, given the flag on the point that completes it.

    Usage:  {{ spc_part_of_run('run_end', 'partition by series_key, rebase_group order by i', 7) }}
    A point belongs to a run when the run ends on it or on one of the next `length` - 1 points.
    Source: METHODS, "every point of a run is marked in rules 2 and 4".
#}
{% macro spc_part_of_run(run_end, window, length=7) -%}
    max(abs({{ run_end }})) over ({{ window }} rows between current row and {{ length - 1 }} following)
{%- endmacro %}
