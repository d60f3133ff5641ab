"""What an alliance is owed, and owes, under agreed terms: exact, explained step by step, refused unless proved.

Belongs here: terms, curves and scores, the gate, pool, caps, allocation, postings, restatement, the
statement, the decision log, and computing a settlement again from the open book.
Not here: reading or writing files (`settlement.store` alone appends the decision log), SQL, scheduling,
wording of pages.
"""
