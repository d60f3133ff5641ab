-- A proportion on complete days, with Wilson limits.
select
    {{ day_figure_columns('sums') }},
    {{ wilson_limit('lower', 'sums.numerator', 'sums.denominator', 'sums.multiplier') }} as lower_limit,
    {{ wilson_limit('upper', 'sums.numerator', 'sums.denominator', 'sums.multiplier') }} as upper_limit,
    'Wilson' as interval_method
from {{ ref('int_period_sums') }} as sums
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on sums.indicator_id = catalogue.indicator_id and catalogue.statistic = 'proportion'
