"""Made data sets of the size and shape of large MovieLens releases, for measuring where no copy of them is here."""
