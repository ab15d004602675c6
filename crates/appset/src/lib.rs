//! ApplicationSet generators and their loop.
