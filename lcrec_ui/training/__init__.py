"""The Training page: runs, their curves, and trained bundles."""
