"""The floor every room stands on: errors, hashes, durable writes, the home, periods, tables on disk.

Belongs here: small things with no opinion about health or money that several rooms need.
Not here: anything a single room needs, and anything that knows a feed, a KPI or an agreement.
"""
