"""Reading declaration files: CSV, XLSX, XLS as companies and brokers export them, and XML messages. See `read_file` and `read_files`."""

from ecid.declarations.readers.files import read_file, read_files
from ecid.declarations.readers.limits import Limits

__all__ = ["Limits", "read_file", "read_files"]
