//! Which part of a list a page shows.

use std::ops::Range;

use crate::query::Query;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pager {
    /// Indices of what is shown.
    pub shown: Range<usize>,
    /// How many pages there are; 1 for an empty list.
    pub pages: usize,
}

impl Pager {
    /// The page that `query` asks for, of a list of `total` entries. Past the end nothing is shown.
    pub fn of(query: Query, total: usize) -> Self {
        let size = query.size as usize;
        let start = (query.page - 1) as usize * size;
        let end = (start + size).min(total);
        let pages = (total / size).max(1);
        Self { shown: start.min(end)..end, pages }
    }
}

#[cfg(test)]
mod tests {
    use super::Pager;
    use crate::query::Query;

    #[test]
    fn a_page_in_the_middle() {
        let pager = Pager::of(Query { page: 2, size: 10 }, 40);
        assert_eq!(pager, Pager { shown: 10..20, pages: 4 });
    }
}
