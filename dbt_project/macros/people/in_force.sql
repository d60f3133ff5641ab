{#
    The rows of a feed that count, as a relation: those of the submission in force on the date of their event.

    Usage:  select ... from {{ in_force('admitted_care', 'discharge_date') }} as spells
    event_column: the date that decides; what a later submission covering that date no longer holds is gone.

    Usage:  select ... from {{ in_force('treatment_episodes') }} as episodes
    Without an event column all rows of each organisation's newest file count, and no others: the submission in force on
    the last day the organisation covers.
    Source: docs/adr/0005-which-submission-counts.md.
#}
{% macro in_force(feed, event_column=none) -%}
(
        select sent.*
        from {{ ref('stg_' ~ feed) }} as sent
        inner join {{ ref('int_submission_coverage') if event_column else ref('int_newest_submissions') }} as coverage
            on
                coverage.feed = '{{ feed }}'
                and sent.organisation = coverage.organisation
                and sent.submission_id = coverage.submission_id
                {%- if event_column %}
                and sent.{{ event_column }} = coverage.day
                {%- endif %}
    )
{%- endmacro %}
