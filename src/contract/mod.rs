//! contract (being built)
