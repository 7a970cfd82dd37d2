//! Languages: by which file names they are known, with which grammar and queries they are read.

use std::sync::OnceLock;

use tree_sitter::Query;

/// A language with a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    CSharp,
    Java,
    Kotlin,
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
    Sql,
    Bash,
}

impl Language {
    pub const ALL: [Self; 15] = [
        Self::CSharp,
        Self::Java,
        Self::Kotlin,
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
        Self::Sql,
        Self::Bash,
    ];

    /// By the last part of a path: its extension in either case, or a well-known name. Headers (`.h`) are read as C++, whose
    /// grammar takes nearly all of C.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        match name {
            "Rakefile" | "Gemfile" | "Vagrantfile" | "Podfile" => return Some(Self::Ruby),
            ".bashrc" | ".bash_profile" | ".profile" => return Some(Self::Bash),
            _ => {}
        }
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "cs" | "csx" => Self::CSharp,
            "java" => Self::Java,
            "kt" | "kts" => Self::Kotlin,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "py" | "pyi" | "pyw" => Self::Python,
            "go" => Self::Go,
            "rs" => Self::Rust,
            "c" => Self::C,
            "cpp" | "cc" | "cxx" | "c++" | "h" | "hpp" | "hh" | "hxx" | "h++" | "inl" | "ipp" | "ixx" => Self::Cpp,
            "rb" | "rake" | "gemspec" | "ru" => Self::Ruby,
            "php" | "phtml" => Self::Php,
            "sql" => Self::Sql,
            "sh" | "bash" => Self::Bash,
            _ => return None,
        })
    }

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CSharp => "C#",
            Self::Java => "Java",
            Self::Kotlin => "Kotlin",
            Self::TypeScript => "TypeScript",
            Self::Tsx => "TSX",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Ruby => "Ruby",
            Self::Php => "PHP",
            Self::Sql => "SQL",
            Self::Bash => "Bash",
        }
    }

    pub(crate) fn grammar(self) -> tree_sitter::Language {
        match self {
            Self::CSharp => tree_sitter_c_sharp::LANGUAGE.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
            Self::Kotlin => tree_sitter_kotlin_ng::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::C => tree_sitter_c::LANGUAGE.into(),
            Self::Cpp => tree_sitter_cpp::LANGUAGE.into(),
            Self::Ruby => tree_sitter_ruby::LANGUAGE.into(),
            Self::Php => tree_sitter_php::LANGUAGE_PHP.into(),
            Self::Sql => tree_sitter_sequel::LANGUAGE.into(),
            Self::Bash => tree_sitter_bash::LANGUAGE.into(),
        }
    }

    /// The compiled queries, made once per process.
    pub(crate) fn query(self) -> &'static Query {
        static QUERIES: [OnceLock<Query>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
        let compile = || {
            Query::new(&self.grammar(), &self.query_sources().concat())
                .expect("the queries are part of this crate and fit the grammars: a test compiles all of them")
        };
        // One place for every variant: the numbers of the variants are those of ALL.
        QUERIES[self as usize].get_or_init(compile)
    }

    fn query_sources(self) -> &'static [&'static str] {
        const ECMASCRIPT: &str = include_str!("../queries/ecmascript.scm");
        const C: &str = include_str!("../queries/c.scm");
        match self {
            Self::CSharp => &[include_str!("../queries/c-sharp.scm")],
            Self::Java => &[include_str!("../queries/java.scm")],
            Self::Kotlin => &[include_str!("../queries/kotlin.scm")],
            Self::TypeScript | Self::Tsx => &[ECMASCRIPT, include_str!("../queries/typescript.scm")],
            Self::JavaScript => &[ECMASCRIPT, include_str!("../queries/javascript.scm")],
            Self::Python => &[include_str!("../queries/python.scm")],
            Self::Go => &[include_str!("../queries/go.scm")],
            Self::Rust => &[include_str!("../queries/rust.scm")],
            Self::C => &[C],
            Self::Cpp => &[C, include_str!("../queries/cpp.scm")],
            Self::Ruby => &[include_str!("../queries/ruby.scm")],
            Self::Php => &[include_str!("../queries/php.scm")],
            Self::Sql => &[include_str!("../queries/sql.scm")],
            Self::Bash => &[include_str!("../queries/bash.scm")],
        }
    }
}
