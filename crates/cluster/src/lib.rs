//! One live cluster: discovery, watches, the compact cache, the resource tree, apply and delete.
