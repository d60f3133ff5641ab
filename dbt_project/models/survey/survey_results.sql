-- What residents say, by survey (a sender's), quarter and year of asking, question and group of people: the weighted
-- share who say yes, with limits that know the weights. Surveys are not added up: each has a frame and weights of its own.
--
-- Who was asked and did not answer says no group, so the response rate is the whole survey's. A figure of too few answers,
-- of a survey that too few answered, or of a period its files do not cover keeps its value and says why it is not fit.
{{ config(meta={'submissions_of': ['resident_survey']}) }}
{% set rules = survey_rules() %}
with asked as (
    select
        answers.*,
        calendar.quarter_id,
        calendar.quarter_start,
        calendar.quarter_end,
        calendar.year_id,
        calendar.year_start,
        calendar.year_end,
        answers.response_status in ('complete', 'partial') as has_answered
    from {{ in_force('resident_survey', 'asked_on') }} as answers
    inner join {{ ref('int_calendar') }} as calendar
        on answers.asked_on = calendar.day
),

periods as (
    {% for kind in ['quarter', 'year'] %}
        select
            organisation,
            '{{ kind }}' as period_kind,
            {{ kind }}_id as period_id,
            {{ kind }}_start as period_start,
            {{ kind }}_end as period_end,
            count(*) as asked,
            cast(sum(case when has_answered then 1 else 0 end) as bigint) as responded
        from asked
        group by organisation, {{ kind }}_id, {{ kind }}_start, {{ kind }}_end
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

uncovered as (
    select
        periods.organisation,
        periods.period_kind,
        periods.period_id,
        max({{ dbt.datediff('periods.period_start', 'periods.period_end', 'day') }}) + 1 - count(*) as missing_days
    from periods
    inner join {{ ref('int_submission_coverage') }} as coverage
        on
            coverage.feed = 'resident_survey'
            and periods.organisation = coverage.organisation
            and coverage.day between periods.period_start and periods.period_end
    group by periods.organisation, periods.period_kind, periods.period_id
),

answers as (
    {% for item, question in survey_items().items() %}
        select
            organisation,
            quarter_id,
            '{{ item }}' as item_id,
            '{{ question.name }}' as item_name,
            case when {{ question.yes }} then 1 else 0 end as is_yes,
            design_weight,
            age_band,
            lives_alone,
            carer,
            long_term_condition
        from asked
        where
            has_answered
            and {{ question.column }} is not null
            {% if "'yes'" in question.yes %}
                and {{ question.column }} <> 'not_sure'
            {% endif %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

quarters as (
    {% for kind in ['all', 'age_band', 'lives_alone', 'carer', 'long_term_condition'] %}
        select
            organisation,
            quarter_id,
            item_id,
            item_name,
            '{{ kind }}' as breakdown_kind,
            {{ "'all'" if kind == 'all' else "coalesce(" ~ kind ~ ", 'unknown')" }} as breakdown_group,
            count(*) as answers,
            sum(is_yes) as yes_answers,
            sum(design_weight) as weight,
            sum(is_yes * design_weight) as yes_weight,
            sum(design_weight * design_weight) as squares,
            sum(is_yes * design_weight * design_weight) as yes_squares
        from answers
        group by
            organisation, quarter_id, item_id,
            item_name{{ '' if kind == 'all' else ", coalesce(" ~ kind ~ ", 'unknown')" }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

summed as (
    select
        periods.organisation,
        periods.period_kind,
        periods.period_id,
        quarters.item_id,
        quarters.item_name,
        quarters.breakdown_kind,
        quarters.breakdown_group,
        cast(sum(quarters.answers) as bigint) as answers,
        cast(sum(quarters.yes_answers) as bigint) as yes_answers,
        cast(sum(quarters.weight) as decimal(18, 4)) as weight,
        cast(sum(quarters.yes_weight) as decimal(18, 4)) as yes_weight,
        cast(sum(quarters.squares) as decimal(30, 8)) as squares,
        cast(sum(quarters.yes_squares) as decimal(30, 8)) as yes_squares
    from periods
    inner join quarters
        on
            periods.organisation = quarters.organisation
            and (
                periods.period_id = quarters.quarter_id
                or (periods.period_kind = 'year' and quarters.quarter_id like periods.period_id || '-q%')
            )
    group by
        periods.organisation, periods.period_kind, periods.period_id, quarters.item_id, quarters.item_name,
        quarters.breakdown_kind, quarters.breakdown_group
),

judged as (
    select
        summed.*,
        periods.period_start,
        periods.period_end,
        periods.asked,
        periods.responded,
        {{ effective_sample('summed.yes_weight', 'summed.weight', 'summed.yes_squares', 'summed.squares') }} as effective,
        case
            when summed.weight = 0 then 'not_available'
            when uncovered.missing_days > 0 then 'withheld'
            when 100 * periods.responded < {{ rules.least_response_pct }} * periods.asked then 'withheld'
            when summed.answers < {{ rules.least_answers }} then 'too_small'
            else 'fit'
        end as quality_status,
        case
            when summed.weight = 0 then 'Those who answered stand for nobody: their weights are nought.'
            when uncovered.missing_days > 0
                then 'No file of the survey covers ' || cast(uncovered.missing_days as {{ dbt.type_string() }})
                    || ' days of the ' || periods.period_kind || '.'
            when 100 * periods.responded < {{ rules.least_response_pct }} * periods.asked
                then 'Of ' || cast(periods.asked as {{ dbt.type_string() }}) || ' people asked '
                    || cast(periods.responded as {{ dbt.type_string() }})
                    || ' answered, fewer than {{ rules.least_response_pct }} in 100.'
            when summed.answers < {{ rules.least_answers }}
                then 'Fewer than {{ rules.least_answers }} people answered the question.'
        end as quality_reason
    from summed
    inner join periods
        on
            summed.organisation = periods.organisation
            and summed.period_kind = periods.period_kind
            and summed.period_id = periods.period_id
    inner join uncovered
        on
            summed.organisation = uncovered.organisation
            and summed.period_kind = uncovered.period_kind
            and summed.period_id = uncovered.period_id
),

limited as (
    select
        judged.*,
        {{ weighted_limit('lower', 'yes_weight', 'weight', 'effective', 100) }} as lower_limit,
        {{ weighted_limit('upper', 'yes_weight', 'weight', 'effective', 100) }} as upper_limit
    from judged
)

select
    cast(organisation as {{ dbt.type_string() }}) as organisation,
    cast(period_kind as {{ dbt.type_string() }}) as period_kind,
    cast(period_id as {{ dbt.type_string() }}) as period_id,
    period_start,
    period_end,
    cast(item_id as {{ dbt.type_string() }}) as item_id,
    cast(item_name as {{ dbt.type_string() }}) as item_name,
    cast(breakdown_kind as {{ dbt.type_string() }}) as breakdown_kind,
    cast(breakdown_group as {{ dbt.type_string() }}) as breakdown_group,
    cast(asked as integer) as asked,
    cast(responded as integer) as responded,
    {{ round_half_up('100 * responded', 'asked', 1) }} as response_pct,
    cast(answers as integer) as answers,
    cast(yes_answers as integer) as yes_answers,
    {{ round_half_up('cast(effective as decimal(20, 9))', '1', 1) }} as effective_answers,
    {{ round_half_up('100 * yes_weight', 'weight', 1) }} as value,
    {{ round_half_up('lower_limit', '1', 1) }} as lower,
    {{ round_half_up('upper_limit', '1', 1) }} as upper,
    cast(quality_status as {{ dbt.type_string() }}) as quality_status,
    cast(quality_reason as {{ dbt.type_string() }}) as quality_reason
from limited
