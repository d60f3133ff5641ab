{#
    What is counted of a survey's answers: item -> its name, the column that answers it and when that is a yes.

    Usage:  {% for item, asked in survey_items().items() %} ... {{ asked.yes }} ... {% endfor %}
    An answer is valid where the column is filled and no `not_sure`. The bands are those of the sources, which count other
    people than those a local survey asks: the GP Patient Survey (good: the best two of five), the Adult Social Care
    Survey (ASCOF 5A1, PHOF B18a: as much contact as wanted) and Active Lives (PHOF C17a 150 minutes, C17b below 30).
#}
{% macro survey_items() -%}
    {{ return({
        'overall_experience': {
            'name': 'Good overall experience', 'column': 'overall_experience', 'yes': 'overall_experience >= 4'
        },
        'coordination': {
            'name': 'Those who cared worked well together', 'column': 'coordination', 'yes': 'coordination >= 4'
        },
        'told_story_once': {
            'name': 'Had to tell their story only once', 'column': 'told_story_once', 'yes': 'told_story_once >= 4'
        },
        'named_contact': {
            'name': 'Knows by name whom to turn to', 'column': 'named_contact', 'yes': "named_contact = 'yes'"
        },
        'quick_help': {
            'name': 'Help came quickly the first time', 'column': 'quick_help', 'yes': 'quick_help >= 4'
        },
        'listened_to': {
            'name': 'Was listened to', 'column': 'listened_to', 'yes': 'listened_to >= 4'
        },
        'social_contact': {
            'name': 'Has as much social contact as wanted', 'column': 'social_contact', 'yes': 'social_contact = 4'
        },
        'physically_active': {
            'name': 'Physically active: 150 minutes a week or more', 'column': 'active_minutes',
            'yes': 'active_minutes >= 150'
        },
        'physically_inactive': {
            'name': 'Physically inactive: less than 30 minutes a week', 'column': 'active_minutes',
            'yes': 'active_minutes < 30'
        },
        'natural_support': {
            'name': 'Helped by family, friends, neighbours, a group or peers', 'column': 'natural_support',
            'yes': "natural_support = 'yes'"
        }
    }) }}
{%- endmacro %}

{#-
    When a survey's figure means nothing: answers in 100 people asked, as its contract says (`surveySample`), and valid
    answers behind one figure.
-#}
{% macro survey_rules() -%}
    {{ return({'least_response_pct': 20, 'least_answers': 30}) }}
{%- endmacro %}
