"""The For you page: the list, its cards and its filters."""
