//! Normalizes and compares desired objects with live ones.
