"""For you: what somebody will pick, and like, of the models of other families together."""
