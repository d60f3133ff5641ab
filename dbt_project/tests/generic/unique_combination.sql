{# No two rows share these columns.
   indicator: the column that names the indicator, where only rows of those are asked that a run makes again. #}
{% test unique_combination(model, columns, indicator=none) %}
    select {{ columns | join(', ') }}, count(*) as occurrences
    from {{ model }} {{ where_indicator_is_changed(indicator) if indicator }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
