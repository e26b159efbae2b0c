"""Every family of models behind one contract; bundles on disk; one door from a bundle to a model."""
