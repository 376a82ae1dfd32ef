"""What a class tried, passed and believed, from what its learners handed in: counts of learners, and no names."""
