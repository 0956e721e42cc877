"""Matching (人岗匹配): which positions are shown to whom, and why. Pure: values in, values out."""
