//! yaml (being built)
