"""What is allowed, by whom, from where to where, by when: pure, without database and without Flask."""
