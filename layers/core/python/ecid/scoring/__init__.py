"""The classification consistency score: policy, rules, ledger."""
