"""Two people: how far they agree, and a list for both."""
