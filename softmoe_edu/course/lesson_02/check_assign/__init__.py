"""Write the check of assign_with_capacity."""
