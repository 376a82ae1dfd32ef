"""`softmoe-edu hand-in`: one file of what a learner tried and predicted, under a pseudonym."""
