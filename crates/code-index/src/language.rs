//! Languages: by which file names they are known, with which grammar and queries they are read.

use std::{borrow::Cow, sync::OnceLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tree_sitter::Query;

/// A language with a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    CSharp,
    Java,
    Kotlin,
    Scala,
    TypeScript,
    Tsx,
    JavaScript,
    Python,
    Go,
    Rust,
    C,
    Cpp,
    Ruby,
    Php,
    Swift,
    Sql,
    Bash,
    PowerShell,
    Hcl,
    Yaml,
    Json,
}

/// Languages whose code names each other's symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    CSharp,
    /// Java, Kotlin and Scala.
    Jvm,
    EcmaScript,
    Python,
    Go,
    Rust,
    /// C and C++.
    C,
    Ruby,
    Php,
    Swift,
    Sql,
    Bash,
    PowerShell,
    Hcl,
    Yaml,
    Json,
}

/// All about one language.
pub(crate) struct Entry {
    pub(crate) language: Language,
    /// As people write it.
    name: &'static str,
    family: Family,
    /// In lower case.
    extensions: &'static [&'static str],
    /// Whole names of files.
    files: &'static [&'static str],
    grammar: fn() -> tree_sitter::Language,
    queries: &'static [&'static str],
}

impl Entry {
    const fn new(
        language: Language,
        name: &'static str,
        family: Family,
        extensions: &'static [&'static str],
        grammar: fn() -> tree_sitter::Language,
        queries: &'static [&'static str],
    ) -> Self {
        Self { language, name, family, extensions, files: &[], grammar, queries }
    }

    const fn with_files(self, files: &'static [&'static str]) -> Self {
        Self { files, ..self }
    }
}

macro_rules! query {
    ($name:literal) => {
        include_str!(concat!("../queries/", $name, ".scm"))
    };
}

/// In the order of the variants.
static TABLE: [Entry; Language::ALL.len()] = {
    use Language as L;

    [
        Entry::new(
            L::CSharp,
            "C#",
            Family::CSharp,
            &["cs", "csx"],
            || tree_sitter_c_sharp::LANGUAGE.into(),
            &[query!("c-sharp")],
        ),
        Entry::new(L::Java, "Java", Family::Jvm, &["java"], || tree_sitter_java::LANGUAGE.into(), &[query!("java")]),
        Entry::new(
            L::Kotlin,
            "Kotlin",
            Family::Jvm,
            &["kt", "kts"],
            || tree_sitter_kotlin_ng::LANGUAGE.into(),
            &[query!("kotlin")],
        ),
        Entry::new(
            L::Scala,
            "Scala",
            Family::Jvm,
            &["scala", "sc", "sbt"],
            || tree_sitter_scala::LANGUAGE.into(),
            &[query!("scala")],
        ),
        Entry::new(
            L::TypeScript,
            "TypeScript",
            Family::EcmaScript,
            &["ts", "mts", "cts"],
            || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            &[query!("ecmascript"), query!("typescript")],
        ),
        Entry::new(
            L::Tsx,
            "TSX",
            Family::EcmaScript,
            &["tsx"],
            || tree_sitter_typescript::LANGUAGE_TSX.into(),
            &[query!("ecmascript"), query!("typescript"), query!("tsx")],
        ),
        Entry::new(
            L::JavaScript,
            "JavaScript",
            Family::EcmaScript,
            &["js", "mjs", "cjs", "jsx"],
            || tree_sitter_javascript::LANGUAGE.into(),
            &[query!("ecmascript"), query!("javascript")],
        ),
        Entry::new(
            L::Python,
            "Python",
            Family::Python,
            &["py", "pyi", "pyw"],
            || tree_sitter_python::LANGUAGE.into(),
            &[query!("python")],
        ),
        Entry::new(L::Go, "Go", Family::Go, &["go"], || tree_sitter_go::LANGUAGE.into(), &[query!("go")]),
        Entry::new(L::Rust, "Rust", Family::Rust, &["rs"], || tree_sitter_rust::LANGUAGE.into(), &[query!("rust")]),
        Entry::new(L::C, "C", Family::C, &["c"], || tree_sitter_c::LANGUAGE.into(), &[query!("c")]),
        Entry::new(
            L::Cpp,
            "C++",
            Family::C,
            &["cpp", "cc", "cxx", "c++", "h", "hpp", "hh", "hxx", "h++", "inl", "ipp", "ixx"],
            || tree_sitter_cpp::LANGUAGE.into(),
            &[query!("c"), query!("cpp")],
        ),
        Entry::new(
            L::Ruby,
            "Ruby",
            Family::Ruby,
            &["rb", "rake", "gemspec", "ru"],
            || tree_sitter_ruby::LANGUAGE.into(),
            &[query!("ruby")],
        )
        .with_files(&["Rakefile", "Gemfile", "Vagrantfile", "Podfile"]),
        Entry::new(L::Php, "PHP", Family::Php, &["php", "phtml"], || tree_sitter_php::LANGUAGE_PHP.into(), &[query!("php")]),
        Entry::new(L::Swift, "Swift", Family::Swift, &["swift"], || tree_sitter_swift::LANGUAGE.into(), &[query!("swift")]),
        Entry::new(L::Sql, "SQL", Family::Sql, &["sql"], || tree_sitter_sequel::LANGUAGE.into(), &[query!("sql")]),
        Entry::new(L::Bash, "Bash", Family::Bash, &["sh", "bash"], || tree_sitter_bash::LANGUAGE.into(), &[query!("bash")])
            .with_files(&[".bashrc", ".bash_profile", ".profile"]),
        Entry::new(
            L::PowerShell,
            "PowerShell",
            Family::PowerShell,
            &["ps1", "psm1", "psd1"],
            || tree_sitter_powershell::LANGUAGE.into(),
            &[query!("powershell")],
        ),
        Entry::new(L::Hcl, "HCL", Family::Hcl, &["tf", "tfvars", "hcl"], || tree_sitter_hcl::LANGUAGE.into(), &[query!("hcl")]),
        Entry::new(L::Yaml, "YAML", Family::Yaml, &["yaml", "yml"], || tree_sitter_yaml::LANGUAGE.into(), &[query!("yaml")]),
        Entry::new(L::Json, "JSON", Family::Json, &["json"], || tree_sitter_json::LANGUAGE.into(), &[query!("json")]),
    ]
};

impl Language {
    pub const ALL: [Self; 21] = [
        Self::CSharp,
        Self::Java,
        Self::Kotlin,
        Self::Scala,
        Self::TypeScript,
        Self::Tsx,
        Self::JavaScript,
        Self::Python,
        Self::Go,
        Self::Rust,
        Self::C,
        Self::Cpp,
        Self::Ruby,
        Self::Php,
        Self::Swift,
        Self::Sql,
        Self::Bash,
        Self::PowerShell,
        Self::Hcl,
        Self::Yaml,
        Self::Json,
    ];

    /// By the last part of a path: its extension in either case, or a well-known name. Headers (`.h`) are read as C++, whose
    /// grammar takes nearly all of C.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        if let Some(entry) = TABLE.iter().find(|entry| entry.files.contains(&name)) {
            return Some(entry.language);
        }
        let (_, extension) = name.rsplit_once('.')?;
        let extension = extension.to_ascii_lowercase();
        TABLE.iter().find(|entry| entry.extensions.contains(&extension.as_str())).map(|entry| entry.language)
    }

    /// As people write it.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    pub fn family(self) -> Family {
        self.entry().family
    }

    /// Whether functions and types of the language are documented by comments of a known form.
    pub fn has_doc_comments(self) -> bool {
        !matches!(self, Self::Sql | Self::Hcl | Self::Yaml | Self::Json)
    }

    /// A name as it is compared: in lower case where the language takes names in either case.
    pub(crate) fn key(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::PowerShell | Self::Sql => Cow::Owned(name.to_lowercase()),
            _ => Cow::Borrowed(name),
        }
    }

    pub(crate) fn grammar(self) -> tree_sitter::Language {
        (self.entry().grammar)()
    }

    /// The compiled queries, made once per process.
    pub(crate) fn query(self) -> &'static Query {
        static QUERIES: [OnceLock<Query>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
        let compile = || {
            Query::new(&self.grammar(), &self.entry().queries.concat())
                .expect("the queries are part of this crate and fit the grammars: a test compiles all of them")
        };
        // One place for every variant: the numbers of the variants are those of ALL.
        QUERIES[self as usize].get_or_init(compile)
    }

    pub(crate) fn entry(self) -> &'static Entry {
        // A test holds that the table is in the order of the variants.
        &TABLE[self as usize]
    }
}

/// What an index depends on apart from the text: layout, grammars, queries. Indexes that were stored under another key are
/// of no use.
pub fn index_key() -> String {
    /// To be raised when the same text and grammar give another index, or the stored form changes.
    const LAYOUT: u32 = 2;
    let mut hash = Sha256::new();
    hash.update(LAYOUT.to_be_bytes());
    hash.update(env!("CARGO_PKG_VERSION"));
    for entry in &TABLE {
        let grammar = (entry.grammar)();
        let states = [grammar.abi_version(), grammar.node_kind_count(), grammar.parse_state_count(), grammar.field_count()];
        hash.update(format!("{} {states:?}", entry.name));
        for query in entry.queries {
            hash.update(query);
        }
    }
    hex::encode(hash.finalize())
}
