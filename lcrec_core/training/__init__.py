"""One training run of any family, and runs in processes of their own."""
