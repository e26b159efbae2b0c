"""A trained model answers one person: predictions, top lists, reasons, search."""
