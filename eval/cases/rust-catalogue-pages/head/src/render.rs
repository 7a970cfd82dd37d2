//! The catalogue as text.

use crate::{pager::Pager, query::Query};

/// Longest title that is shown whole.
const MAX_TITLE: usize = 40;

/// One line for each product of a page, and which page it is of how many.
pub fn page(titles: &[String], query: Query) -> String {
    let pager = Pager::of(query, titles.len());
    let mut text = String::new();
    for title in titles.get(pager.shown).unwrap_or_default() {
        text.push_str(&shortened(title));
        text.push('\n');
    }
    text.push_str(&format!("page {} of {}\n", query.page, pager.pages));
    text
}

/// The title, cut where it is too long for its column.
fn shortened(title: &str) -> String {
    if title.len() <= MAX_TITLE {
        return title.to_owned();
    }
    format!("{}…", &title[..MAX_TITLE - 1])
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn long_titles_are_cut() {
        assert_eq!(shortened("Kettle"), "Kettle");
        assert_eq!(shortened(&"x".repeat(50)), format!("{}…", "x".repeat(39)));
    }
}
