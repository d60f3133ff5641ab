-- Small areas of the newest reference with their local deprivation fifth: five groups of equal population within the
-- area, 1 the most deprived. National fifths would leave some nearly empty in one borough.
with ordered as (
    select
        lsoa_code,
        area_code,
        population,
        coalesce(sum(population) over (
            partition by area_code
            order by imd_rank, lsoa_code
            rows between unbounded preceding and 1 preceding
        ), 0) as population_before,
        sum(population) over (partition by area_code) as total_population
    from {{ in_force('reference_areas') }} as areas
)

select
    lsoa_code,
    area_code,
    population,
    -- the fifth in which the middle of its population lies
    cast(cast(1 + {{ integer_divide('5 * (2 * population_before + population)', '2 * total_population') }} as integer)
    as {{ dbt.type_string() }}) as deprivation
from ordered
where total_population > 0
