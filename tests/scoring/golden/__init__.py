"""What must come out alike wherever it is reckoned: scans of every kind of file and a run over the feed, part by part, as SHA-256.

`expected.json` holds the hashes, `make golden` renews them; `tests/scoring/test_reproducible.py` compares, under other environments too; `make versions` does
so on two Pythons.
"""
