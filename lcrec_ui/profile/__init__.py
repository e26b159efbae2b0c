"""The Profile page: who is looking, and what they have rated."""
