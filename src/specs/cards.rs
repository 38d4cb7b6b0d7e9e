//! Test cards and cardholder names: see `specs/cards/`.
