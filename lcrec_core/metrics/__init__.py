"""Errors, calibration and log loss of predictions; how good lists are."""
