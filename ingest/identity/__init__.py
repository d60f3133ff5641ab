"""Who a row is about, without saying who: from identifiers to tokens, and from tokens to persons.

Belongs here: judging NHS numbers, the key of a home, making tokens from identifiers (at intake and at the sender),
the table that says which tokens are one person. Not here: reading files (`ingest.read`), which submission counts
(`ingest.register`), tokens of an audience (`publication`). Nothing in this folder puts a value of an identifying
column into a message, a log or a result.
"""
