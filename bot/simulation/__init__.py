"""A simulated year (模拟全年): people, hosts and clerks who behave like real ones, through the product's own verbs.

Deterministic by its seed, in virtual time, on a base of its own. It shows a bureau what a year looks like, and
tests that twelve filed months of 21 cities hold together.
"""
