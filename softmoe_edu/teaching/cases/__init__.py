"""The clinic's cases: one file for each lesson, found by being here."""
