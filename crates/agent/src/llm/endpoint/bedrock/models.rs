//! Under which name a model is invoked. Newer models are offered through an inference profile only, whose name is that of the
//! model with the region's part of the world before it (source: Amazon Bedrock's user guide, "Supported Regions and models for
//! inference profiles").

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Parts of the world that profiles are named after. `global` is not among them: it takes the code anywhere, which only the
/// operator may decide, by setting the model's whole name.
fn prefixes(region: &str) -> &'static [&'static str] {
    match region {
        region if region.starts_with("us-gov-") => &["us-gov"],
        region if region.starts_with("us-") || region.starts_with("ca-") => &["us"],
        region if region.starts_with("eu-") => &["eu"],
        "ap-northeast-1" | "ap-northeast-3" => &["jp", "apac"],
        "ap-southeast-2" | "ap-southeast-4" | "ap-southeast-6" => &["au", "apac"],
        region if region.starts_with("ap-") => &["apac"],
        _ => &[],
    }
}

/// The names that were found to work.
#[derive(Debug)]
pub(super) struct ModelNames {
    region: String,
    /// `AWS_USE_CROSS_REGION_INFERENCE`: profiles first.
    cross_region: bool,
    /// How many of a model's names do not work.
    passed_over: Mutex<HashMap<String, usize>>,
}

impl ModelNames {
    pub(super) fn new(region: &str, cross_region: bool) -> Self {
        Self { region: region.to_owned(), cross_region, passed_over: Mutex::default() }
    }

    /// The name to invoke it under now; the last one when none is known to work.
    pub(super) fn of(&self, model: &str) -> String {
        let names = self.all(model);
        let passed = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied().unwrap_or_default();
        names.get(passed).or(names.last()).cloned().unwrap_or_else(|| model.to_owned())
    }

    /// Notes that `name` does not work; whether there is another.
    pub(super) fn pass_over(&self, model: &str, name: &str) -> bool {
        let names = self.all(model);
        let Some(place) = names.iter().position(|known| known == name) else { return false };
        if place + 1 >= names.len() {
            return false;
        }
        let mut passed = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
        let count = passed.entry(model.to_owned()).or_default();
        *count = (*count).max(place + 1);
        true
    }

    fn all(&self, model: &str) -> Vec<String> {
        // A profile, an ARN, or a model of somebody else's: taken as it is.
        if !model.starts_with("anthropic.") {
            return vec![model.to_owned()];
        }
        let profiles = prefixes(&self.region).iter().map(|prefix| format!("{prefix}.{model}"));
        let bare = std::iter::once(model.to_owned());
        if self.cross_region { profiles.chain(bare).collect() } else { bare.chain(profiles).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::ModelNames;

    const SONNET: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

    #[test]
    fn a_model_that_is_offered_by_profile_only_is_invoked_by_that_of_its_part_of_the_world() {
        let names = ModelNames::new("ap-northeast-1", false);
        assert_eq!(names.of(SONNET), SONNET);
        assert!(names.pass_over(SONNET, SONNET));
        assert_eq!(names.of(SONNET), format!("jp.{SONNET}"));
        assert!(names.pass_over(SONNET, SONNET), "a second call at a time has learnt the same");
        assert_eq!(names.of(SONNET), format!("jp.{SONNET}"));
        assert!(names.pass_over(SONNET, &format!("jp.{SONNET}")));
        assert!(!names.pass_over(SONNET, &format!("apac.{SONNET}")), "there is no other");
        assert_eq!(names.of(SONNET), format!("apac.{SONNET}"));
    }

    #[test]
    fn cross_region_inference_takes_the_profile_first() {
        for (region, name) in [
            ("us-east-1", "us."),
            ("ca-central-1", "us."),
            ("eu-central-1", "eu."),
            ("us-gov-west-1", "us-gov."),
            ("sa-east-1", ""),
        ] {
            assert_eq!(ModelNames::new(region, true).of(SONNET), format!("{name}{SONNET}"), "{region}");
        }
    }

    #[test]
    fn a_name_set_by_hand_is_taken_as_it_is() {
        let names = ModelNames::new("eu-central-1", true);
        for name in ["global.anthropic.claude-opus-4-6-v1", "arn:aws:bedrock:eu-central-1:1:application-inference-profile/x"] {
            assert_eq!(names.of(name), name);
            assert!(!names.pass_over(name, name));
        }
    }
}
