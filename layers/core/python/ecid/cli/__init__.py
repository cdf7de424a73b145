"""The command line `ecid`."""
