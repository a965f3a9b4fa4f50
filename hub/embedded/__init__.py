"""Real Postgres and Valkey servers out of Python packages, started and ended with the hub."""
