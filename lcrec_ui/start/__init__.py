"""The first ten answers: movies asked about one by one, and what follows from them."""
