"""Records of people that may be seen in clear, and which of them are about one person.

Belongs here: cleaning identifying fields, the passes that need no probability, the frozen model, the rules about who
is never joined by likeness alone, clusters. It runs where identifiers may be seen: inside the vault, and on a sender's
own machine. Not here: tokens and the link table (`ingest.identity`), where decisions are kept
(`ingest.identity.review`), making the model (`scripts/train_linkage.py`). Nothing here writes a file, and no result
holds an identifier.
"""
