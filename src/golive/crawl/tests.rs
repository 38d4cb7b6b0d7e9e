//! The crawler against servers that mean it ill.
