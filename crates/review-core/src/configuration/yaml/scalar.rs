//! What a scalar is, by the core schema of YAML 1.2 (section 10.3.2 of the specification).

/// A scalar as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::configuration) struct Scalar {
    text: String,
    /// In quotes, in a block, or tagged as a string.
    is_text: bool,
}

impl Scalar {
    pub(super) fn new(text: String, is_text: bool) -> Self {
        Self { text, is_text }
    }

    pub(in crate::configuration) fn text(&self) -> &str {
        &self.text
    }

    pub(in crate::configuration) fn is_null(&self) -> bool {
        !self.is_text && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    pub(in crate::configuration) fn flag(&self) -> Option<bool> {
        match self.text.as_str() {
            _ if self.is_text => None,
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    pub(in crate::configuration) fn whole(&self) -> Option<i64> {
        if self.is_text {
            return None;
        }
        let radix = |prefix: &str, radix: u32| {
            let digits = self.text.strip_prefix(prefix).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            digits.and_then(|digits| i64::from_str_radix(digits, radix).ok())
        };
        radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| self.text.parse().ok())
    }

    /// Finite numbers only.
    pub(in crate::configuration) fn number(&self) -> Option<f64> {
        // Rust's own words for infinity are letters only.
        let is_number = !self.is_text && self.text.bytes().any(|byte| byte.is_ascii_digit());
        self.text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
    }
}
