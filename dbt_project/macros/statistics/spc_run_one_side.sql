{#
    1 on the point that completes a run of `length` points on one side of the mean, else 0.

    Usage:  {{ spc_run_one_side('relative_to_mean', 'partition by series_key, rebase_group order by i', 7) }}
    side: -1, 0 or 1; a point on the mean (0) breaks the run.
    Source: METHODS, rule 4; Making Data Count.
#}
{% macro spc_run_one_side(side, window, length=7) -%}
    case
        when abs(sum({{ side }}) over ({{ window }} rows between {{ length - 1 }} preceding and current row)) = {{ length }}
            then 1
        else 0
    end
{%- endmacro %}
