//! The catalogue as text.

use crate::query::Query;

/// One line for each product of a page.
pub fn page(titles: &[String], query: Query) -> String {
    let start = query.page as usize * query.size as usize;
    let mut text = String::new();
    for title in titles.iter().skip(start).take(query.size as usize) {
        text.push_str(title);
        text.push('\n');
    }
    text
}
