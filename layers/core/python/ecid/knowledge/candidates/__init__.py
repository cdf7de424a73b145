"""Candidate headings: which six-digit codes a description of goods may belong under, each with its evidence, and how likely a declared code is wrong."""
