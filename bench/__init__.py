"""What the portal costs, measured beside what it is compared with; started by bench/run."""
