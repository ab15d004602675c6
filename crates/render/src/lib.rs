//! Sources rendered to desired objects, with traced reads and a content-addressed cache.
