"""LCRec: a Bayesian factor model of people and movies, and a network that reads what it leaves."""
