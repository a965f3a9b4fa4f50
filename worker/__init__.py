"""The processes that do the work: RQ workers, their jobs, and the scheduler that starts what is due."""
