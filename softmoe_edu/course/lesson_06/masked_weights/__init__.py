"""Exercise: dispatch and combine weights beside padding (lesson 06)."""
