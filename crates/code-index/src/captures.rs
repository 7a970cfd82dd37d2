//! What the queries of a language find in a tree.

use std::{cell::Cell, collections::HashMap, ops::ControlFlow, ops::Range};

use tree_sitter::{Node, QueryCursor, QueryCursorOptions, QueryMatch, StreamingIterator, Tree};

use crate::{Language, NotIndexed, ReferenceKind, SymbolKind};

/// How many unfinished matches a query keeps. Programs need a few dozen.
const UNFINISHED_MATCHES: u32 = 4096;
/// A query reports its progress every hundred steps. Source code has one report for about 100 bytes.
const BYTES_PER_REPORT: usize = 20;
/// Reports that even a short text may have.
const FREE_REPORTS: usize = 2000;

/// All captures of one file.
#[derive(Debug, Default)]
pub(crate) struct Captures<'tree> {
    /// By the id of the node that holds the name.
    pub(crate) definitions: HashMap<usize, Definition<'tree>>,
    /// What names are used as, by the id of their node.
    pub(crate) uses: HashMap<usize, Use>,
    /// Names of variables and parameters: where they begin, and which bytes they are.
    pub(crate) locals: Vec<Range<usize>>,
    /// Where a variable that is declared inside ends.
    pub(crate) scopes: Vec<Range<usize>>,
    pub(crate) imports: Vec<Range<usize>>,
    /// The package or namespace that the file says it belongs to.
    pub(crate) package: Option<Range<usize>>,
    /// What belongs to a type without standing in its definition: range, and the name of the type.
    pub(crate) containers: Vec<(Range<usize>, Range<usize>)>,
}

/// A definition as one match of the queries tells it.
#[derive(Debug)]
pub(crate) struct Definition<'tree> {
    pub(crate) node: Node<'tree>,
    pub(crate) name: Node<'tree>,
    pub(crate) kind: SymbolKind,
    /// Where the signature ends: before a body, after a head.
    pub(crate) end: usize,
    /// A head is taken as it is; elsewhere a `{`, `:` or `=>` before the body is cut off.
    pub(crate) has_head: bool,
    /// The row where the body begins.
    pub(crate) body_row: Option<usize>,
    /// The body begins with a text that stands alone, as docstrings of Python do.
    pub(crate) has_docstring: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub(crate) kind: ReferenceKind,
    /// Empty: behind something that is no simple name.
    pub(crate) qualifier: Option<Range<usize>>,
}

/// An error when the queries need more work than for any program.
pub(crate) fn captures<'tree>(
    language: Language,
    tree: &'tree Tree,
    text: &str,
    stop: &dyn Fn() -> bool,
) -> Result<Captures<'tree>, NotIndexed> {
    let mut captures = Captures::default();
    let query = language.query();
    let names = query.capture_names();
    let mut cursor = QueryCursor::new();
    cursor.set_match_limit(UNFINISHED_MATCHES);
    let reports = Cell::new(text.len() / BYTES_PER_REPORT + FREE_REPORTS);
    let is_stopped = Cell::new(false);
    let mut progress = |_: &tree_sitter::QueryCursorState| {
        is_stopped.set(is_stopped.get() || stop());
        match reports.get().checked_sub(1) {
            Some(rest) if !is_stopped.get() => {
                reports.set(rest);
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        }
    };
    let options = QueryCursorOptions::new().progress_callback(&mut progress);
    let mut matches = cursor.matches_with_options(query, tree.root_node(), text.as_bytes(), options);
    while let Some(found) = matches.next() {
        captures.add(found, names);
    }
    if is_stopped.get() {
        return Err(NotIndexed::Stopped);
    }
    if reports.get() == 0 {
        return Err(NotIndexed::TooMuchWork);
    }
    Ok(captures)
}

impl<'tree> Captures<'tree> {
    fn add(&mut self, found: &QueryMatch<'_, 'tree>, names: &[&str]) {
        let (mut definition, mut name, mut body, mut head) = (None, None, None::<Node<'tree>>, None::<usize>);
        let (mut used, mut qualifier, mut containing, mut container) = (None, None, None, None);
        for capture in found.captures() {
            let node = capture.node;
            let Some(role) = usize::try_from(capture.index).ok().and_then(|index| names.get(index)) else { continue };
            match *role {
                "name" => name = Some(node),
                "body" => body = body.filter(|known| known.start_byte() <= node.start_byte()).or(Some(node)),
                "head" => head = Some(head.map_or(node.end_byte(), |known| known.max(node.end_byte()))),
                "definition.function" => definition = Some((node, SymbolKind::Function)),
                "definition.method" => definition = Some((node, SymbolKind::Method)),
                "definition.type" => definition = Some((node, SymbolKind::Type)),
                "definition.constant" => definition = Some((node, SymbolKind::Constant)),
                "definition.module" => definition = Some((node, SymbolKind::Module)),
                "definition.key" => definition = Some((node, SymbolKind::Key)),
                "call" => used = Some((node, ReferenceKind::Call)),
                "type" => used = Some((node, ReferenceKind::Type)),
                "member" => used = Some((node, ReferenceKind::Other)),
                "qualifier" => qualifier = Some(node.byte_range()),
                "local" => self.locals.push(node.byte_range()),
                "scope" => self.scopes.push(node.byte_range()),
                "import" => self.imports.push(node.byte_range()),
                "package" => self.package = self.package.take().or(Some(node.byte_range())),
                "containing" => containing = Some(node.byte_range()),
                "container" => container = Some(node.byte_range()),
                _ => {}
            }
        }
        if let (Some((node, kind)), Some(name)) = (definition, name) {
            let end = head.or(body.map(|body| body.start_byte())).unwrap_or_else(|| node.end_byte());
            let body_row = body.map(|body| body.start_position().row);
            let has_docstring = body.is_some_and(begins_with_text);
            self.define(Definition { node, name, kind, end, has_head: head.is_some(), body_row, has_docstring });
        }
        if let Some((node, kind)) = used {
            // A member that is no call has a qualifier, whether or not the grammar names it.
            let qualifier = if kind == ReferenceKind::Other { qualifier.or(Some(0..0)) } else { qualifier };
            self.r#use(node.id(), Use { kind, qualifier });
        }
        self.containers.extend(containing.zip(container));
    }

    fn define(&mut self, definition: Definition<'tree>) {
        match self.definitions.get_mut(&definition.name.id()) {
            Some(known) => known.merge(&definition),
            None => {
                self.definitions.insert(definition.name.id(), definition);
            }
        }
    }

    /// Two patterns found the same name: the more telling kind, and the qualifier that either of them saw.
    fn r#use(&mut self, id: usize, found: Use) {
        match self.uses.get_mut(&id) {
            Some(known) => {
                known.kind = known.kind.min(found.kind);
                let is_better = known.qualifier.as_ref().is_none_or(Range::is_empty);
                if is_better && found.qualifier.is_some() {
                    known.qualifier = found.qualifier;
                }
            }
            None => {
                self.uses.insert(id, found);
            }
        }
    }
}

impl Definition<'_> {
    /// Two patterns found the same name: the wider node (with its decorators), the more telling kind, the shorter signature.
    fn merge(&mut self, other: &Self) {
        if rank(other.kind) > rank(self.kind) {
            self.kind = other.kind;
        }
        match (self.has_head, other.has_head) {
            (true, true) => self.end = self.end.max(other.end),
            (false, false) => self.end = self.end.min(other.end),
            // A pattern with a head knows more: where parameters stand inside the body.
            (false, true) => (self.end, self.has_head) = (other.end, true),
            (true, false) => {}
        }
        self.body_row = self.body_row.or(other.body_row);
        self.has_docstring |= other.has_docstring;
        if other.node.byte_range().len() > self.node.byte_range().len() {
            self.node = other.node;
        }
    }
}

/// Looks at the first few statements alone: comments may stand before a docstring.
fn begins_with_text(body: Node<'_>) -> bool {
    const MOST_COMMENTS: usize = 20;
    if body.kind() != "block" {
        return false;
    }
    let mut cursor = body.walk();
    let first = body.named_children(&mut cursor).take(MOST_COMMENTS).find(|child| !child.is_extra());
    let alone = first.filter(|statement| statement.kind() == "expression_statement" && statement.named_child_count() == 1);
    alone
        .and_then(|statement| statement.named_child(0))
        .is_some_and(|text| matches!(text.kind(), "string" | "concatenated_string"))
}

fn rank(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Key => 0,
        SymbolKind::Constant => 1,
        SymbolKind::Module => 2,
        SymbolKind::Type => 3,
        SymbolKind::Function => 4,
        SymbolKind::Method => 5,
    }
}
