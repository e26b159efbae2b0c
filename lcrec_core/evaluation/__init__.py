"""Figures: what is measured, compared and ablated, and what is saved of it."""
