"""What keeps a function of a learner from doing anything that outlives its check."""
