"""Reading declaration files: CSV, spreadsheets and web pages as companies and brokers export them, and XML messages. See `read_file` and `read_files`."""

from ecid.declarations.readers.files import Progress, read_file, read_files
from ecid.declarations.readers.limits import Limits

__all__ = ["Limits", "Progress", "read_file", "read_files"]
