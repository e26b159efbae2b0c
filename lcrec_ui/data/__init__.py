"""The Data page: what is in the data, and how data sets get here."""
