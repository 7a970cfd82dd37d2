//! Whether the use of a name means a symbol, without types: by scope, qualifier, imports and language.

use crate::{Family, FileIndex, Reference, ReferenceKind, Symbol, SymbolKind};

/// Names by which languages call what makes a value of the type around it.
const CONSTRUCTORS: &[&str] = &["constructor", "__init__", "__new__", "__construct", "initialize", "init"];
/// Qualifiers that mean the object or the class that the code stands in.
const OWN: &[&str] = &["this", "self", "super", "base", "Self", "$this", "parent", "static", "cls", "@this"];
/// A shorter name that nothing speaks for is likely a name of something else.
const TELLING_NAME: usize = 6;

/// The likeliest first.
const SAME_FILE: u8 = 0;
const NAMED: u8 = 1;
const SAME_FOLDER: u8 = 2;
const BY_NAME_ALONE: u8 = 3;

/// Other definitions of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rivals {
    None,
    /// In other folders and packages.
    Far,
    /// In the folder or the package of the symbol.
    Near,
}

/// A symbol whose uses are looked for.
pub(crate) struct Target<'a> {
    /// What uses call it: for a constructor its type.
    pub(crate) name: &'a str,
    path: &'a str,
    family: Family,
    symbol: &'a Symbol,
    is_constructor: bool,
    /// The innermost type or module around it.
    container: Option<&'a str>,
    /// The file's name without its extension.
    stem: &'a str,
    package: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(crate) fn new(path: &'a str, file: &'a FileIndex, symbol: &'a Symbol) -> Self {
        let container = symbol.container.rsplit('.').next().filter(|name| !name.is_empty());
        let is_constructor = symbol.kind == SymbolKind::Method
            && (CONSTRUCTORS.contains(&symbol.name.as_str()) || container == Some(&symbol.name));
        let name = container.filter(|_| is_constructor).unwrap_or(&symbol.name);
        let family = file.language().family();
        Self { name, path, family, symbol, is_constructor, container, stem: stem(path), package: file.package() }
    }

    /// Whether this is the symbol, or one that stands and falls with it: an overload, the type of a constructor.
    pub(crate) fn is_same(&self, path: &str, other: &Symbol) -> bool {
        let is_own_type = self.is_constructor && Some(other.name.as_str()) == self.container;
        path == self.path && (other.container == self.symbol.container || is_own_type)
    }

    /// Whether the file stands in the folder or the package of the symbol.
    pub(crate) fn is_near(&self, path: &str, file: &FileIndex) -> bool {
        folder(path) == folder(self.path) || (self.package.is_some() && file.package() == self.package)
    }

    /// How the file stands to the symbol: once for all uses in it.
    pub(crate) fn nearness(&self, path: &str, file: &FileIndex) -> Nearness {
        let imports = file.imports();
        Nearness {
            distance: if path == self.path {
                Distance::SameFile
            } else if folder(path) == folder(self.path) {
                Distance::SameFolder
            } else {
                Distance::Elsewhere
            },
            imported: Imported {
                name: mentions(imports, self.name),
                module: self.imports_module(file),
                anything: !imports.is_empty(),
                everything: imports.iter().any(|import| import.contains('*')),
            },
            is_package: self.package.is_some() && file.package() == self.package,
            knows_type: self.container.is_some_and(|container| self.is_member() && names(file, container)),
        }
    }

    /// How much speaks for the use, the best first; None when it means something else.
    pub(crate) fn weigh(&self, near: &Nearness, found: Reference<'_>, rivals: Rivals) -> Option<u8> {
        let (is_here, imported) = (near.is_here(), &near.imported);
        if !self.takes(found.kind) || (!is_here && self.is_private()) {
            return None;
        }
        if found.kind == ReferenceKind::Import {
            // An import is of this symbol when it also names where it is.
            return (is_here || imported.module || near.is_package || rivals == Rivals::None).then_some(NAMED);
        }
        if !self.is_reachable(near, found.qualifier) {
            return None;
        }
        let is_named = imported.name || imported.module || near.is_package || near.knows_type;
        let is_qualified_so = found.qualifier.is_some_and(|qualifier| self.is_named_by(qualifier));
        let rank = if is_here {
            SAME_FILE
        } else if is_named || is_qualified_so {
            NAMED
        } else if near.is_folder() {
            SAME_FOLDER
        } else {
            BY_NAME_ALONE
        };
        let is_alone = rivals == Rivals::None;
        let is_function_value = found.kind == ReferenceKind::Other && found.qualifier.is_none() && self.is_callable();
        let is_sure = is_here || is_qualified_so || imported.module || near.knows_type;
        let is_believed = match rank {
            _ if is_sure => true,
            _ if is_function_value && !imported.name => false,
            NAMED | SAME_FOLDER => is_alone || (rivals == Rivals::Far && (near.is_package || near.is_folder())),
            // What overrides something of another library is called by code that knows nothing of it.
            _ => is_alone && self.name.chars().count() >= TELLING_NAME && !self.is_override(),
        };
        is_believed.then_some(rank)
    }

    /// Whether a use of this kind can mean a symbol of this kind.
    fn takes(&self, kind: ReferenceKind) -> bool {
        match (self.symbol.kind, kind) {
            (_, ReferenceKind::Import | ReferenceKind::Call) => true,
            _ if self.is_constructor => false,
            (SymbolKind::Function | SymbolKind::Method, kind) => kind == ReferenceKind::Other,
            _ => true,
        }
    }

    /// Whether the languages let code there name the symbol in this way.
    fn is_reachable(&self, near: &Nearness, qualifier: Option<&str>) -> bool {
        let imported = &near.imported;
        let is_own = qualifier.is_some_and(|qualifier| OWN.contains(&qualifier));
        if is_own && !self.is_member() {
            return false;
        }
        if self.family == Family::Hcl {
            return near.is_folder() && self.is_hcl_qualifier(qualifier);
        }
        if near.is_here() {
            return !(self.is_member() && qualifier.is_none() && !has_implicit_self(self.family));
        }
        let is_exported = self.family != Family::Go || self.name.starts_with(char::is_uppercase);
        if self.is_member() {
            // Methods are called on something, or from code that inherits them.
            return if qualifier.is_some() { is_exported || near.is_folder() } else { has_implicit_self(self.family) };
        }
        match (self.family, qualifier) {
            (Family::Go, None) => near.is_folder(),
            (Family::Go, Some(qualifier)) => is_exported && (imported.module || self.is_named_by(qualifier)),
            (Family::Python, None) => imported.name || (imported.module && imported.everything),
            (Family::Rust, None) => imported.name || imported.everything,
            // Scripts without any import share what stands at their top.
            (Family::EcmaScript, None) => imported.name || !imported.anything,
            (Family::Python | Family::EcmaScript | Family::Rust, Some(qualifier)) => {
                imported.module || imported.name || self.is_named_by(qualifier)
            }
            _ => true,
        }
    }

    /// A member of a type; constructors are used by the name of their type.
    fn is_member(&self) -> bool {
        self.symbol.kind == SymbolKind::Method && !self.is_constructor
    }

    fn is_callable(&self) -> bool {
        matches!(self.symbol.kind, SymbolKind::Function | SymbolKind::Method)
    }

    fn is_override(&self) -> bool {
        self.symbol.signature.split_whitespace().any(|word| word == "override")
    }

    /// Whether no other file can name it.
    fn is_private(&self) -> bool {
        let head = self.symbol.signature.split_once(self.symbol.name.as_str()).map_or("", |(head, _)| head);
        let has = |wanted: &str| head.split_whitespace().any(|word| word == wanted);
        let is_static = self.family == Family::C && self.symbol.kind == SymbolKind::Function && has("static");
        self.symbol.is_nested || has("private") || has("fileprivate") || is_static
    }

    fn imports_module(&self, file: &FileIndex) -> bool {
        let imports = file.imports();
        let package = self.package.is_some_and(|package| imports.iter().any(|import| import.contains(package)));
        package || mentions(imports, self.stem) || self.container.is_some_and(|container| mentions(imports, container))
    }

    /// The qualifier is the type, the module, or a variable that is called like the type.
    fn is_named_by(&self, qualifier: &str) -> bool {
        let last = qualifier.rsplit(['.', ':', '\\']).next().unwrap_or_default().trim_start_matches(['$', '@', '_']);
        let package = self.package.and_then(|package| package.rsplit(['.', '\\']).next());
        let known = [self.container, Some(self.stem), package, self.path.rsplit('/').nth(1)];
        !last.is_empty() && known.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(last))
    }

    fn is_hcl_qualifier(&self, qualifier: Option<&str>) -> bool {
        let signature = self.symbol.signature.as_str();
        let qualifier = qualifier.unwrap_or_default();
        let quoted = || signature.split('"').nth(1).unwrap_or_default();
        match signature.split_whitespace().next() {
            Some("variable") => qualifier == "var",
            Some("module") => qualifier == "module",
            Some("resource" | "data") => qualifier == quoted(),
            Some("output" | "provider") => false,
            _ => qualifier == "local",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distance {
    SameFile,
    SameFolder,
    Elsewhere,
}

/// What the imports of a file say of the symbol.
#[expect(clippy::struct_excessive_bools, reason = "four answers to four questions")]
struct Imported {
    name: bool,
    /// Its file, package or type.
    module: bool,
    anything: bool,
    /// Some import takes all that a module has.
    everything: bool,
}

/// How a file stands to the symbol.
pub(crate) struct Nearness {
    distance: Distance,
    imported: Imported,
    is_package: bool,
    /// It names the type that the symbol is a member of.
    knows_type: bool,
}

impl Nearness {
    fn is_here(&self) -> bool {
        self.distance == Distance::SameFile
    }

    /// The same file stands in the same folder, too.
    fn is_folder(&self) -> bool {
        self.distance != Distance::Elsewhere
    }
}

/// Languages in which a method may call another one of its object by the name alone.
fn has_implicit_self(family: Family) -> bool {
    matches!(family, Family::CSharp | Family::Jvm | Family::C | Family::Ruby | Family::Swift | Family::Sql)
}

fn names(file: &FileIndex, name: &str) -> bool {
    !file.references_to(name).is_empty() || file.symbols().iter().any(|symbol| symbol.name == name)
}

/// Whether an import names it as a whole word.
fn mentions(imports: &[String], name: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    imports.iter().any(|import| {
        import.match_indices(name).any(|(at, _)| {
            let (before, rest) = import.split_at(at);
            let after = rest.strip_prefix(name).unwrap_or_default();
            !before.ends_with(is_word) && !after.starts_with(is_word)
        })
    })
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name of the file up to its first dot; of a file that stands for its folder (`index.ts`, `mod.rs`) the folder's.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let is_folder_file = matches!(stem, "index" | "mod" | "lib" | "main" | "__init__");
    let folder = if is_folder_file { path.rsplit('/').nth(1) } else { None };
    folder.unwrap_or(stem)
}
