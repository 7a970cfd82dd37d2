use proptest::prelude::*;
use serde_json::json;

use super::*;

fn layer(source: Source, text: &str) -> Layer {
    Layer::read(source, text.as_bytes()).unwrap()
}

fn repository(text: &str) -> Layer {
    layer(Source::Repository(".coderabbit.yaml".into()), text)
}

fn central(text: &str) -> Layer {
    layer(Source::Central("coderabbit/.coderabbit.yaml".into()), text)
}

fn environment(text: &str) -> Layer {
    layer(Source::Environment, text)
}

#[test]
fn the_first_layer_is_used_alone() {
    let layers = vec![repository("reviews: {profile: assertive}"), central("language: de\nreviews: {poem: false}")];
    let effective = Effective::of(layers, Vec::new());
    let mut expected = Configuration::default();
    expected.reviews.profile = crate::configuration::Profile::Assertive;
    assert_eq!(effective.configuration, expected);
    assert_eq!(effective.sources, [Source::Repository(".coderabbit.yaml".into())]);
}

#[test]
fn without_a_layer_there_are_the_defaults() {
    let effective = Effective::default();
    assert_eq!((effective.configuration, effective.sources), (Configuration::default(), vec![Source::Defaults]));
}

#[test]
fn a_layer_that_inherits_takes_what_it_does_not_say_from_the_one_below() {
    let layers = vec![
        repository("inheritance: true\nreviews:\n  profile: assertive\n  path_filters: ['!a/**', '!b/**']\n"),
        central(
            "inheritance: true\nlanguage: de\nreviews:\n  profile: chill\n  poem: false\n  path_filters: ['!c/**', '!b/**']\n",
        ),
        environment("tone_instructions: dry\nlanguage: fr\n"),
        environment("enable_free_tier: false\n"),
    ];
    let effective = Effective::of(layers, Vec::new());
    let Configuration { language, tone_instructions, enable_free_tier, reviews, .. } = &effective.configuration;
    assert_eq!((language.name(), tone_instructions.as_str(), *enable_free_tier), ("German", "dry", true));
    assert_eq!((reviews.profile, reviews.poem), (crate::configuration::Profile::Assertive, false));
    assert_eq!(reviews.path_filters, ["!a/**", "!b/**", "!c/**"]);
    let origins = ["reviews.profile", "reviews.poem", "tone_instructions", "enable_free_tier"];
    let origins = origins.map(|key| effective.origin(key).to_string());
    insta::assert_snapshot!(origins.join("\n"), @r"
    .coderabbit.yaml
    coderabbit/.coderabbit.yaml of the central repository
    YAML_CONFIG
    defaults
    ");
    assert_eq!(effective.sources.len(), 3, "the third layer does not inherit: {:?}", effective.sources);
}

#[test]
fn entries_with_the_same_name_are_the_same_entry() {
    let layers = vec![
        repository("inheritance: true\nreviews:\n  path_instructions:\n  - {path: 'src/**', instructions: ours}\n"),
        central(
            "reviews:\n  path_instructions:\n  - {path: 'docs/**', instructions: theirs}\n  - {path: 'src/**', instructions: theirs}\n",
        ),
    ];
    let effective = Effective::of(layers, Vec::new());
    let shown: Vec<String> = effective
        .configuration
        .reviews
        .path_instructions
        .iter()
        .map(|entry| format!("{}: {}", entry.path, entry.instructions))
        .collect();
    assert_eq!(shown, ["src/**: ours", "docs/**: theirs"]);
}

#[test]
fn a_file_that_names_another_one_stands_alone() {
    let redirect = |text: &str| match repository(text).redirect() {
        Ok(Some(remote)) => format!("{} {} {} {}", remote.url, remote.repository, remote.r#ref, remote.path),
        Ok(None) => "none".to_owned(),
        Err(remark) => remark.to_string(),
    };
    insta::assert_snapshot!(redirect("reviews: {}"), @"none");
    insta::assert_snapshot!(redirect("remote_config: {url: 'https://a.test/x.yaml'}"), @"https://a.test/x.yaml   .coderabbit.yaml");
    insta::assert_snapshot!(redirect("remote_config: {repository: P/r, ref: dev, path: a.yaml}"), @" P/r dev a.yaml");
    insta::assert_snapshot!(redirect("language: de\nremote_config: {repository: P/r}"), @".coderabbit.yaml: warning: `remote_config` does not count: other keys stand beside it; it counts alone");
    insta::assert_snapshot!(redirect("remote_config: {}"), @".coderabbit.yaml: warning: `remote_config` does not count: it names neither a `url` nor a `repository`");
}

/// Settings as a file may hold them, few enough keys that two of them meet.
fn settings() -> impl Strategy<Value = Map<String, Json>> {
    let leaf = prop_oneof![any::<bool>().prop_map(Json::from), "[ab]".prop_map(Json::from), (0_u8..3).prop_map(Json::from)];
    let entry = prop_oneof![leaf.clone(), ("[ab]", any::<bool>()).prop_map(|(path, flag)| json!({ "path": path, "flag": flag }))];
    let value = leaf.prop_recursive(3, 20, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(entry.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[abc]", value, 0..4).prop_map(|map| map.into_iter().collect())
}

fn merged(upper: &Map<String, Json>, lower: &Map<String, Json>) -> Map<String, Json> {
    let mut merged = upper.clone();
    merge(&mut merged, lower.clone());
    merged
}

proptest! {
    #[test]
    fn merging_what_was_merged_already_changes_nothing(upper in settings(), lower in settings()) {
        let once = merged(&upper, &lower);
        prop_assert_eq!(&merged(&once, &lower), &once);
        prop_assert_eq!(&merged(&upper, &upper), &upper);
    }

    #[test]
    fn a_key_of_the_upper_layer_is_never_lost(upper in settings(), lower in settings()) {
        let both = merged(&upper, &lower);
        for (key, value) in &upper {
            match (value, &both[key]) {
                (Json::Array(own), Json::Array(all)) => prop_assert!(all.starts_with(own)),
                (Json::Object(own), Json::Object(all)) => prop_assert!(own.keys().all(|key| all.contains_key(key))),
                (own, found) => prop_assert_eq!(own, found),
            }
        }
    }

    #[test]
    fn any_bytes_are_a_layer_or_a_remark(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        match Layer::read(Source::Environment, &bytes) {
            Ok(layer) => { Effective::of(vec![layer], Vec::new()); }
            Err(remark) => prop_assert!(remark.text.contains("not used")),
        }
    }
}
