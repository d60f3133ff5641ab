{# A condition that is true of every row; false and unknown both fail.
   indicator: the column that names the indicator, where only rows of those are asked that a run makes again. #}
{% test holds(model, condition, indicator=none) %}
    select * from {{ model }}
    where ({{ condition }}) is distinct from true {{ and_of_changed_indicators(indicator) if indicator }}
{% endtest %}
