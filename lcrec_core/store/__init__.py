"""Visitors' profiles in a database."""
