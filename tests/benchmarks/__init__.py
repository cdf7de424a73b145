"""`make bench`: speed and memory, each beside a yardstick in the same run. Tests never assert them; `docs/benchmarks.md` states them."""
