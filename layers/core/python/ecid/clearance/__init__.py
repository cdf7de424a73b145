"""Clearance anomalies (通关异常): taxonomy, cases, the three-year window."""
