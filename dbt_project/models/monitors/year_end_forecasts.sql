-- Where each indicator, its activity and each agreement's cost will stand at the end of the financial year, if the months
-- to come are those of the year before: the latest twelve months. Limits come from how far that was off before, over as
-- many months. A forecast pays nothing and is nobody's target.
with twelve as (
    select
        months.measure,
        months.subject_id,
        months.area_code,
        months.month_start,
        months.month_number,
        catalogue.name as subject_name,
        catalogue.unit,
        catalogue.value_decimals,
        -- A share has no more than its whole; how many cases it rests on has no such end.
        case
            when months.measure = 'value' and catalogue.statistic in ('proportion', 'maintained_proportion')
                then catalogue.multiplier
        end as most,
        case catalogue.statistic when 'crude_rate' then 12 * catalogue.multiplier else catalogue.multiplier end as scale,
        count(*) over (
            partition by months.measure, months.subject_id, months.area_code
            order by months.month_number rows between 11 preceding and current row
        ) as months_in,
        sum(months.part) over (
            partition by months.measure, months.subject_id, months.area_code
            order by months.month_number rows between 11 preceding and current row
        ) as part_12,
        sum(months.whole) over (
            partition by months.measure, months.subject_id, months.area_code
            order by months.month_number rows between 11 preceding and current row
        ) as whole_12,
        max(months.month_number) over (partition by months.measure, months.subject_id, months.area_code) as last_number
    from {{ ref('int_forecast_months') }} as months
    left join {{ source('run', 'indicator_catalogue') }} as catalogue
        on months.subject_id = catalogue.indicator_id
),

-- One figure per twelve months, on the scale it is printed in.
figures as (
    select
        twelve.*,
        cast(case measure
            when 'value' then {{ exact_quotient(
                'cast(part_12 * scale as decimal(38, 0))', 'cast(whole_12 as decimal(38, 0))', 9, 0, 0
            ) }}
            when 'cost' then {{ exact_quotient('cast(part_12 as decimal(38, 0))', '100', 9, 0, 0) }}
            else cast(part_12 as decimal(38, 9))
        end as decimal(28, 9)) as figure
    from twelve
    where months_in = 12
),

latest as (
    select
        figures.*,
        calendar.year_id,
        calendar.year_start,
        calendar.month_end,
        {{ dbt.datediff('calendar.year_start', 'figures.month_start', 'month') }} + 1 as months_known
    from figures
    inner join {{ ref('int_calendar') }} as calendar
        on figures.month_start = calendar.day
    where figures.month_number = figures.last_number
),

-- Every earlier month from which as many months were still to come, with what then came.
errors as (
    select
        latest.measure,
        latest.subject_id,
        latest.area_code,
        count(came.figure - figures.figure) as origins,
        sum(
            cast(cast(came.figure - figures.figure as decimal(19, 6)) as decimal(19, 6))
            * cast(came.figure - figures.figure as decimal(19, 6))
        ) as squares
    from latest
    inner join figures
        on
            latest.measure = figures.measure
            and latest.subject_id = figures.subject_id
            and latest.area_code = figures.area_code
    inner join figures as came
        on
            figures.measure = came.measure
            and figures.subject_id = came.subject_id
            and figures.area_code = came.area_code
            and figures.month_number + 12 - latest.months_known = came.month_number
    where latest.months_known < 12
    group by latest.measure, latest.subject_id, latest.area_code
),

this_year as (
    select
        latest.measure,
        latest.subject_id,
        latest.area_code,
        sum(months.part) as part,
        sum(months.whole) as whole
    from latest
    inner join {{ ref('int_forecast_months') }} as months
        on
            latest.measure = months.measure
            and latest.subject_id = months.subject_id
            and latest.area_code = months.area_code
            and months.month_start >= latest.year_start
    group by latest.measure, latest.subject_id, latest.area_code
),

limited as (
    select
        latest.*,
        coalesce(errors.origins, 0) as origins,
        this_year.part as part_so_far,
        this_year.whole as whole_so_far,
        {{ back_test_limit(
            'lower', 'latest.figure', 'errors.squares', 'errors.origins',
            student_t_quantile('(errors.origins - 1)', 'student.quantile')
        ) }} as lower_limit,
        {{ back_test_limit(
            'upper', 'latest.figure', 'errors.squares', 'errors.origins',
            student_t_quantile('(errors.origins - 1)', 'student.quantile')
        ) }} as upper_limit,
        case latest.measure when 'value' then latest.value_decimals when 'cost' then 2 else 0 end as decimals
    from latest
    inner join this_year
        on
            latest.measure = this_year.measure
            and latest.subject_id = this_year.subject_id
            and latest.area_code = this_year.area_code
    left join errors
        on
            latest.measure = errors.measure
            and latest.subject_id = errors.subject_id
            and latest.area_code = errors.area_code
    left join {{ ref('student_t_975') }} as student
        on errors.origins - 1 = student.degrees_of_freedom
)

select
    cast(measure as {{ dbt.type_string() }}) as measure,
    cast(subject_id as {{ dbt.type_string() }}) as subject_id,
    cast(coalesce(subject_name, subject_id) as {{ dbt.type_string() }}) as subject_name,
    cast(area_code as {{ dbt.type_string() }}) as area_code,
    cast(year_id as {{ dbt.type_string() }}) as year_id,
    month_end as known_to,
    cast(months_known as integer) as months_known,
    cast(case measure
        when 'value'
            then {{ round_half_up(
                'cast(part_so_far * scale as decimal(28, 9))', 'cast(whole_so_far as decimal(20, 9))', 'decimals'
            ) }}
        when 'cost' then {{ round_half_up('part_so_far', '100', 2) }}
        else part_so_far
    end as decimal(20, 9)) as so_far,
    {{ round_half_up('figure', '1', 'decimals') }} as forecast,
    case when months_known < 12 then {{ round_half_up('lower_limit', '1', 'decimals') }} end as lower,
    -- Not least(): where there is no limit, engines would answer with the most a share can be.
    case
        when months_known < 12
            then {{ round_half_up('case when upper_limit > most then most else upper_limit end', '1', 'decimals') }}
    end as upper,
    cast(case measure when 'value' then unit when 'cost' then 'pounds' else 'cases' end as {{ dbt.type_string() }}) as unit,
    cast(origins as integer) as origins,
    cast(case
        when months_known = 12 then 'The year is complete: this is its figure.'
        when figure is null then 'Nobody was in the denominator for twelve months.'
        when origins < 3 then 'There are too few earlier years to say how far off such a forecast is.'
        else 'Limits from ' || cast(origins as {{ dbt.type_string() }}) || ' earlier forecasts over as many months.'
    end as {{ dbt.type_string() }}) as basis
from limited
