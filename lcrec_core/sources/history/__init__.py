"""One person's films as other sites, and LCRec itself, export them: recognised by their headers, read, written."""
