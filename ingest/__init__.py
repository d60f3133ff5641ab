"""From a sender's file to typed rows in the lake.

Belongs here: data contracts, receiving (manifest, checksum, path safety), strict reading, conforming
layouts to one table, the lake, the register of submissions and the data cut. Not here: whether the
figures are plausible (`expectations`), and anything that knows an indicator.
"""
