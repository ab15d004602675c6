//! Every client verb of the argosy command.
