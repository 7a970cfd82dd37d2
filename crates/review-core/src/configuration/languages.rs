//! The languages that the schema knows.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Codes with the names by which a model knows them, as the commercial product's schema lists them.
#[rustfmt::skip]
const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "Arabic"), ("ast", "Asturian"), ("ast-ES", "Asturian"), ("be", "Belarusian"), ("be-BY", "Belarusian"),
    ("bg", "Bulgarian"), ("bg-BG", "Bulgarian"), ("bn", "Bengali"), ("bn-BD", "Bengali"), ("br", "Breton"),
    ("br-FR", "Breton"), ("ca", "Catalan"), ("ca-ES", "Catalan"), ("ca-ES-balear", "Balearic Catalan"),
    ("ca-ES-valencia", "Valencian Catalan"), ("crh", "Crimean Tatar"), ("crh-UA", "Crimean Tatar"), ("cs", "Czech"),
    ("cs-CZ", "Czech"), ("da", "Danish"), ("da-DK", "Danish"), ("de", "German"), ("de-AT", "Austrian German"),
    ("de-CH", "Swiss German (written, without ß)"), ("de-DE", "German"), ("de-DE-x-simple-language", "simple German"),
    ("de-DE-x-simple-language-DE", "simple German"), ("de-LU", "German (Luxembourg)"), ("el", "Greek"), ("el-GR", "Greek"),
    ("en", "English"), ("en-AU", "Australian English"), ("en-CA", "Canadian English"), ("en-GB", "British English"),
    ("en-NZ", "New Zealand English"), ("en-US", "American English"), ("en-ZA", "South African English"),
    ("eo", "Esperanto"), ("es", "Spanish"), ("es-AR", "Argentine Spanish (voseo)"), ("es-ES", "Spanish"), ("fa", "Persian"),
    ("fa-IR", "Persian"), ("fr", "French"), ("fr-BE", "Belgian French"), ("fr-CA", "Canadian French"),
    ("fr-CH", "Swiss French"), ("fr-FR", "French"), ("ga", "Irish"), ("ga-IE", "Irish"), ("gl", "Galician"),
    ("gl-ES", "Galician"), ("he", "Hebrew"), ("he-IL", "Hebrew"), ("hi", "Hindi"), ("hi-IN", "Hindi"), ("it", "Italian"),
    ("it-IT", "Italian"), ("ja", "Japanese"), ("ja-JP", "Japanese"), ("km", "Khmer"), ("km-KH", "Khmer"), ("ko", "Korean"),
    ("ko-KR", "Korean"), ("nb", "Norwegian Bokmål"), ("nl", "Dutch"), ("nl-BE", "Belgian Dutch"), ("nl-NL", "Dutch"),
    ("no", "Norwegian"), ("pl", "Polish"), ("pl-PL", "Polish"), ("pt", "Portuguese"), ("pt-AO", "Angolan Portuguese"),
    ("pt-BR", "Brazilian Portuguese"), ("pt-MZ", "Mozambican Portuguese"), ("pt-PT", "European Portuguese"),
    ("ro", "Romanian"), ("ro-RO", "Romanian"), ("ru", "Russian"), ("ru-RU", "Russian"), ("sk", "Slovak"),
    ("sk-SK", "Slovak"), ("sl", "Slovenian"), ("sl-SI", "Slovenian"), ("sv", "Swedish"), ("sv-SE", "Swedish"),
    ("ta", "Tamil"), ("ta-IN", "Tamil"), ("th", "Thai"), ("th-TH", "Thai"), ("tl", "Tagalog"), ("tl-PH", "Tagalog"),
    ("tr", "Turkish"), ("uk", "Ukrainian"), ("uk-UA", "Ukrainian"), ("vi", "Vietnamese"), ("vi-VN", "Vietnamese"),
    ("zh", "Chinese"), ("zh-CN", "simplified Chinese"),
];

/// The code of a language, e.g. `en-US`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Language(String);

impl Language {
    /// The name by which a model knows it; the code itself when the schema does not list it.
    pub fn name(&self) -> &str {
        LANGUAGES.iter().find(|(code, _)| *code == self.0).map_or(self.0.as_str(), |(_, name)| name)
    }

    /// Whether it is the English that everything is written in where nothing else is asked for.
    pub fn is_default(&self) -> bool {
        matches!(self.0.as_str(), "en" | "en-US")
    }
}

impl Default for Language {
    fn default() -> Self {
        Self("en-US".to_owned())
    }
}

impl JsonSchema for Language {
    fn schema_name() -> Cow<'static, str> {
        "Language".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<&str> = LANGUAGES.iter().map(|(code, _)| *code).collect();
        json_schema!({ "type": "string", "enum": codes })
    }
}
