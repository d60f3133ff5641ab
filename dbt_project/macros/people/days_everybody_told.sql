{#
    The days on which everybody who had to report a feed that day did, as a relation with one column, day.

    Usage:  select ... inner join {{ days_everybody_told('carers') }} as told on periods.period_end = told.day
    Who had to is what the register says of that very day: one that left is not waited for any longer, one that joined
    is from its first day on, and behind one that is late no day is told, whoever else has sent. A day on which nobody
    had to report is not told either.
#}
{% macro days_everybody_told(feed) -%}
(
        select required.day
        from {{ ref('int_required_reports') }} as required
        left join {{ ref('int_submission_coverage') }} as coverage
            on
                required.feed = coverage.feed
                and required.member_organisation = coverage.organisation
                and required.day = coverage.day
        where required.feed = '{{ feed }}'
        group by required.day
        having count(*) = count(coverage.submission_id)
    )
{%- endmacro %}
