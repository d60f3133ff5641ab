-- Means of days per event, with limits by Student's t.
select
    sums.indicator_id,
    sums.area_code,
    sums.period_kind,
    sums.period_id,
    sums.breakdown_kind,
    sums.breakdown_group,
    sums.amount as numerator,
    sums.denominator,
    cast(sums.amount * sums.multiplier as decimal(38, 9)) as value_numerator,
    cast(sums.denominator as decimal(20, 9)) as value_denominator,
    {{ student_t_limit(
        'lower', 'sums.denominator', 'sums.amount', 'sums.squares',
        student_t_quantile('(sums.denominator - 1)', 'student.quantile')
    ) }} as lower_limit,
    {{ student_t_limit(
        'upper', 'sums.denominator', 'sums.amount', 'sums.squares',
        student_t_quantile('(sums.denominator - 1)', 'student.quantile')
    ) }} as upper_limit,
    case when sums.denominator < 2 then 'none: a single case' else 'Student''s t' end as interval_method,
    cast(null as {{ dbt.type_string() }}) as not_available_reason
from {{ ref('int_group_sums') }} as sums
left join {{ ref('student_t_975') }} as student
    on sums.denominator - 1 = student.degrees_of_freedom
where sums.statistic = 'mean'
