-- Mean of a daily census over complete days, with the interval of batch means over months (see the macro).
-- Months that are withheld, or not wholly covered, are no batch: their mean rests on too few days to stand for a month.
with sums as (
    select
        sums.*,
        catalogue.max_missing_pct
    from {{ ref('int_period_sums') }} as sums
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on sums.indicator_id = catalogue.indicator_id and catalogue.statistic = 'census_mean'
),

monthly_means as (
    select
        indicator_id,
        area_code,
        period_start,
        period_end,
        cast({{ exact_quotient('numerator * multiplier', 'denominator', 6) }} as decimal(15, 6)) as monthly_mean
    from sums
    where
        period_kind = 'month'
        and covered_days = window_days
        and denominator > 0
        and not ({{ over_limit('missing_days', 'covered_days', 'max_missing_pct') }})
),

batches as (
    select
        sums.indicator_id,
        sums.area_code,
        sums.period_kind,
        sums.period_id,
        count(*) as batches,
        sum(months.monthly_mean) as sum_of_means,
        sum(cast(months.monthly_mean as decimal(19, 6)) * months.monthly_mean) as sum_of_squares
    from sums
    inner join monthly_means as months
        on
            sums.indicator_id = months.indicator_id
            and sums.area_code = months.area_code
            and months.period_start >= sums.period_start
            and months.period_end <= sums.period_end
    where sums.period_kind <> 'month'
    group by sums.indicator_id, sums.area_code, sums.period_kind, sums.period_id
),

widths as (
    select
        batches.*,
        {{ batch_means_half_width(
            'batches.batches', 'batches.sum_of_means', 'batches.sum_of_squares', 'student.quantile'
        ) }} as half_width
    from batches
    left join {{ ref('student_t_975') }} as student
        on batches.batches - 1 = student.degrees_of_freedom
)

select
    {{ day_figure_columns('sums') }},
    cast({{ exact_quotient('sums.numerator * sums.multiplier', 'sums.denominator', 9) }} as decimal(20, 9))
    - widths.half_width as lower_limit,
    cast({{ exact_quotient('sums.numerator * sums.multiplier', 'sums.denominator', 9) }} as decimal(20, 9))
    + widths.half_width as upper_limit,
    case
        when sums.period_kind = 'month' then 'none: days of one month are not independent'
        when widths.half_width is null then 'none: fewer than two months with enough complete days'
        else 'Student''s t on ' || cast(widths.batches as {{ dbt.type_string() }}) || ' monthly means'
    end as interval_method
from sums
left join widths
    on
        sums.indicator_id = widths.indicator_id
        and sums.area_code = widths.area_code
        and sums.period_kind = widths.period_kind
        and sums.period_id = widths.period_id
