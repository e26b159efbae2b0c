"""A data set in memory: users, movies, ratings, split, encoding, summary. No file, no network, no torch."""
