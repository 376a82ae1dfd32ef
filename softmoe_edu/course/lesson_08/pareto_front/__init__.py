"""Which models no other one beats in cost and quality."""
