"""Check a learner's answer: call it, test its properties, compare it with known mistakes, and report."""
