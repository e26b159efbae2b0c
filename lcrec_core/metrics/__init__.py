"""Errors, calibration and log loss of predictions."""
