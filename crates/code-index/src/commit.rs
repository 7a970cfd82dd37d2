//! The index of all files of one commit.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use crate::{
    Family, FileIndex, Language, Reference, ReferenceKind, Symbol,
    target::{Rivals, Target},
};

/// More uses of one symbol are not weighed against each other.
const MOST_SITES: usize = 10_000;
/// Definitions of one name whose uses are weighed: what is defined more often tells nothing by its name.
const MOST_NAMESAKES: usize = 20;

/// Symbols and uses of many files, found by name.
#[derive(Debug, Default)]
pub struct CommitIndex {
    /// By path.
    files: Vec<(String, Arc<FileIndex>)>,
    /// Hash of a name and the number of a file that defines it, in order.
    definers: Vec<(u32, u32)>,
    /// The same for files that use it.
    users: Vec<(u32, u32)>,
}

/// A place that uses a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place<'a> {
    pub path: &'a str,
    /// Counted from 1.
    pub line: u32,
    pub kind: ReferenceKind,
    pub qualifier: Option<&'a str>,
}

/// What an index knows of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named<'a> {
    /// By language, path and line.
    pub definitions: Vec<(&'a str, &'a Symbol)>,
    /// One a line: first those that likely mean one of the definitions, the likeliest first, then the rest by path and line.
    pub uses: Vec<Place<'a>>,
}

impl CommitIndex {
    /// Of two files with the same path the last one counts.
    pub fn new(files: impl IntoIterator<Item = (String, Arc<FileIndex>)>) -> Self {
        let files: BTreeMap<String, Arc<FileIndex>> = files.into_iter().collect();
        let files: Vec<(String, Arc<FileIndex>)> = files.into_iter().collect();
        let (mut definers, mut users) = (Vec::new(), Vec::new());
        for (number, (_, file)) in (0..).zip(&files) {
            let language = file.language();
            users.extend(file.references.names().map(|name| (hash(language, name), number)));
            definers.extend(file.symbols().iter().map(|symbol| (hash(language, &language.key(&symbol.name)), number)));
        }
        for list in [&mut definers, &mut users] {
            list.sort_unstable();
            list.dedup();
        }
        Self { files, definers, users }
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Bytes of memory, about; files that share an index are counted each.
    pub fn weight(&self) -> usize {
        let lists = (self.definers.len() + self.users.len()) * size_of::<(u32, u32)>();
        self.files.iter().map(|(path, file)| path.len() + file.weight()).sum::<usize>() + lists
    }

    /// Whether the index knows all names of the file.
    pub fn is_whole(&self, path: &str) -> bool {
        self.file(path).is_some_and(|file| !file.is_truncated())
    }

    pub fn file(&self, path: &str) -> Option<&FileIndex> {
        let found = self.files.binary_search_by(|(known, _)| known.as_str().cmp(path)).ok()?;
        self.files.get(found).map(|(_, file)| &**file)
    }

    /// The innermost function of the file that contains the line (1-based).
    pub fn enclosing_function(&self, path: &str, line: u32) -> Option<&Symbol> {
        self.file(path)?.enclosing_function(line)
    }

    /// Where the name is defined in languages of the family, by path and line.
    pub fn definitions(&self, family: Family, name: &str) -> Vec<(&str, &Symbol)> {
        let files = self.holding(&self.definers, family, name);
        let symbols = files.flat_map(|(path, file)| {
            let language = file.language();
            let key = language.key(name).into_owned();
            let same = move |symbol: &&Symbol| language.key(&symbol.name) == key.as_str();
            file.symbols().iter().filter(same).map(move |symbol| (path, symbol))
        });
        symbols.collect()
    }

    /// Every use of the name in languages of the family, by path and line, whatever it means there. Variables and parameters
    /// of that name are not among them.
    pub fn references(&self, family: Family, name: &str) -> Vec<Place<'_>> {
        let files = self.holding(&self.users, family, name);
        files.flat_map(|(path, file)| file.references_to(name).into_iter().map(move |found| Place::new(path, found))).collect()
    }

    /// Uses that likely mean `symbol` of the file at `path`: by scope, imports, qualifiers, and what else of that name there
    /// is. The likeliest first: same file, then what the file imports or names, then the same folder, then the rest.
    pub fn call_sites(&self, path: &str, file: &FileIndex, symbol: &Symbol) -> Vec<Place<'_>> {
        let family = file.language().family();
        let target = Target::new(path, file, symbol);
        let mut rivals = Rivals::None;
        for (other_path, other) in self.definitions(family, target.name) {
            if !other.is_nested && !target.is_same(other_path, other) {
                let is_near = self.file(other_path).is_some_and(|file| target.is_near(other_path, file));
                rivals = rivals.max(if is_near { Rivals::Near } else { Rivals::Far });
            }
        }
        let files = self.holding(&self.users, family, target.name);
        let mut sites: Vec<(u8, Place<'_>)> = files
            .flat_map(|(using_path, using)| {
                let target = &target;
                let near = target.nearness(using_path, using);
                let found = using.references_to(target.name).into_iter();
                found.filter_map(move |found| Some((target.weigh(&near, found, rivals)?, Place::new(using_path, found))))
            })
            .take(MOST_SITES)
            .collect();
        sites.sort_unstable();
        // One place a line: the likeliest.
        let mut seen = BTreeSet::new();
        sites.retain(|(_, place)| seen.insert((place.path, place.line)));
        sites.into_iter().map(|(_, place)| place).collect()
    }

    /// Where the name is defined and used, in all languages of the index. Variables and parameters of that name are not among
    /// the uses.
    pub fn named(&self, name: &str) -> Named<'_> {
        let families: BTreeSet<Family> = self.files.iter().map(|(_, file)| file.language().family()).collect();
        let mut named = Named::default();
        let mut likely: HashMap<(&str, u32), usize> = HashMap::new();
        for family in families {
            let definitions = self.definitions(family, name);
            for (path, symbol) in definitions.iter().take(MOST_NAMESAKES) {
                let sites = self.file(path).map(|file| self.call_sites(path, file, symbol)).unwrap_or_default();
                for (rank, site) in sites.iter().enumerate() {
                    let best = likely.entry((site.path, site.line)).or_insert(rank);
                    *best = rank.min(*best);
                }
            }
            named.definitions.extend(definitions);
            named.uses.extend(self.references(family, name));
        }
        let rank = |place: &Place<'_>| likely.get(&(place.path, place.line)).copied().unwrap_or(usize::MAX);
        named.uses.sort_by_key(|place| (rank(place), place.path, place.line));
        named.uses.dedup_by_key(|place| (place.path, place.line));
        named
    }

    fn holding<'a>(
        &'a self,
        list: &'a [(u32, u32)],
        family: Family,
        name: &str,
    ) -> impl Iterator<Item = (&'a str, &'a FileIndex)> + use<'a> {
        // One look for each form that a name may have in the family.
        let mut hashes: Vec<u32> = Language::ALL
            .into_iter()
            .filter(|language| language.family() == family)
            .map(|language| hash(language, &language.key(name)))
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        let numbers = hashes.into_iter().flat_map(move |hash| {
            let from = list.partition_point(|(known, _)| *known < hash);
            let to = list.partition_point(|(known, _)| *known <= hash);
            list.get(from..to).unwrap_or_default().iter().map(|(_, number)| *number)
        });
        let files = numbers.filter_map(|number| self.files.get(usize::try_from(number).ok()?));
        files.filter(move |(_, file)| file.language().family() == family).map(|(path, file)| (path.as_str(), &**file))
    }
}

impl<'a> Place<'a> {
    fn new(path: &'a str, found: Reference<'a>) -> Self {
        Self { path, line: found.line, kind: found.kind, qualifier: found.qualifier }
    }
}

/// Names of different families rarely meet; where two names do, the file itself tells.
fn hash(language: Language, name: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    (language.family(), name).hash(&mut hasher);
    u32::try_from(hasher.finish() & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}
