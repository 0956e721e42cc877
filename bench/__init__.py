"""Measurements (测速): how fast the product is, always beside something simpler measured in the same minutes."""
