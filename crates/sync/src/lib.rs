//! The sync planner: desired, live and what has happened go in, the next steps come out.
