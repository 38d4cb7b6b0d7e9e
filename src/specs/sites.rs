//! Sites: currencies, identification types and payment methods: see `specs/sites/`.
