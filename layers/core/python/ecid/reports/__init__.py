"""The report of one result: HTML, PDF, XLSX and JSON made from one value, the same for files and feeds (docs/reports.md)."""
