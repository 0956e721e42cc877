"""Whole journeys of people, through the faces that they really use."""
