{# A condition that is true of every row; false and unknown both fail. #}
{% test holds(model, condition) %}
    select * from {{ model }} where ({{ condition }}) is distinct from true
{% endtest %}
