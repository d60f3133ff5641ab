"""Assets, checks, jobs, schedules and sensors, one folder an area, in the order data moves."""
