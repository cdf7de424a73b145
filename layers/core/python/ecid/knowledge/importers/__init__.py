"""The importers of official texts and tables, one module for each kind of file."""
