//! `argosy render`: prints what a directory renders to, without any server.
