"""What leaves the house: disclosure control, the release folder, its pages, and the checks on a copy of it.

Belongs here: hiding what must not be public, writing the files and pages of a release, sealing,
verifying and explaining it. Not here: computing a figure (the warehouse did) or a payment (the
settlement did); this room only chooses, rounds for print, words and writes.
"""
