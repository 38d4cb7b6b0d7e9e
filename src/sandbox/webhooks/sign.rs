//! The signature of a webhook: `x-signature: ts=…,v1=…`, as the official SDKs verify it.

use ring::hmac;

/// The header: HMAC-SHA256, in lower-case hexadecimal digits, over `id:<data.id>;request-id:<x-request-id>;ts:<ts>;`.
/// The id is signed as it stands in the query, whatever its case.
pub(super) fn signature(secret: &str, id: &str, request_id: &str, ts: i64) -> String {
    let manifest = format!("id:{id};request-id:{request_id};ts:{ts};");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, manifest.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("ts={ts},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_manifest() {
        // printf 'id:123;request-id:abc;ts:1700000000000;' | openssl dgst -sha256 -hmac secret
        let expected = "ts=1700000000000,v1=b2db3ef9112335f98080a89013e32a418610f5d79ed87e41a543bc7bcbc74ca4";
        assert_eq!(signature("secret", "123", "abc", 1_700_000_000_000), expected);
    }
}
