"""The page Bring your history: an export of another site is read, matched, shown, and added on a word; and exports."""
