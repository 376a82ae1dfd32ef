"""Instructor cards: one file for each lesson, with a `CARD`."""
