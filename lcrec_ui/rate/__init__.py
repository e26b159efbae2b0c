"""The Rate page: stars, and what they move."""
