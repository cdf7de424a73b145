"""The verbs: one use case per file; domain and ports, nothing else."""
