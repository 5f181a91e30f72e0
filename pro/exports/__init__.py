"""What leaves the house as a file, and what comes in as one."""
