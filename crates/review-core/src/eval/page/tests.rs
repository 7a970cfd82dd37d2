use proptest::prelude::*;

use super::{escaped, page};
use crate::eval::{
    CaseRun, Report, Stage,
    test_support::{candidate, case, done, expected, report},
};

/// Words that would do something in a page, wherever they get into it.
const HOSTILE: &str =
    "<script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover=\"x' </details></style>&amp;\u{202e}gnp";

fn hostile() -> Report {
    let mut wanted = expected(HOSTILE, 1, 2);
    wanted.what = HOSTILE.to_owned();
    let mut said = candidate(HOSTILE, 1, Stage::Posted);
    (said.claim, said.scenario, said.detail) = (HOSTILE.to_owned(), HOSTILE.to_owned(), HOSTILE.to_owned());
    let mut first = case(HOSTILE, &[], 0);
    first.title = HOSTILE.to_owned();
    first.runs = vec![done(std::slice::from_ref(&wanted), vec![said]), CaseRun::Failed(HOSTILE.to_owned())];
    first.expected = vec![wanted];
    Report { models: HOSTILE.to_owned(), agent: HOSTILE.to_owned(), started_at: HOSTILE.to_owned(), ..report(vec![first]) }
}

/// Names of the elements of a page, in order.
fn elements(html: &str) -> Vec<String> {
    let tags = html.split('<').skip(1);
    tags.map(|tag| tag.chars().take_while(|character| character.is_ascii_alphanumeric() || "!/".contains(*character)).collect())
        .collect()
}

#[test]
fn no_word_of_a_case_or_of_a_model_becomes_markup() {
    let tame = {
        let mut report = hostile();
        let text = serde_json::to_string(&report).unwrap();
        let plain = text.replace(&serde_json::to_string(HOSTILE).unwrap(), "\"words\"");
        report = serde_json::from_str(&plain).unwrap();
        page(&report)
    };
    let html = page(&hostile());
    assert_eq!(elements(&html), elements(&tame), "the same elements, whatever the words are");
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains('\u{202e}'), "{html}");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("\\u{202e}gnp"), "{html}");
    assert!(html.matches("&lt;script").count() >= 10, "every text was hostile");
}

#[test]
fn the_page_holds_everything_that_it_needs() {
    let html = page(&report(vec![case("orders", &[true, false], 1), case("clean", &[], 0)]));
    assert!(!html.contains("src=") && !html.contains("href=") && !html.contains("url(") && !html.contains("@import"), "{html}");
    assert!(html.contains("default-src 'none'") && html.contains("prefers-color-scheme: dark"));
    for words in ["orders", "1 of 2 found", "1 noise", "clean, silent", "posted, true", "never found", "Title of orders", "50 %"]
    {
        assert!(html.contains(words), "{words} is not in {html}");
    }
    let open = elements(&html);
    for element in ["main", "section", "table", "details", "div", "ul", "p", "td", "tr", "span"] {
        let (begun, ended) = (
            open.iter().filter(|name| *name == element).count(),
            open.iter().filter(|name| **name == format!("/{element}")).count(),
        );
        assert_eq!(begun, ended, "{element}");
    }
}

proptest! {
    #[test]
    fn what_is_escaped_has_no_character_that_means_anything(text in any::<String>()) {
        let escaped = escaped(&text);
        prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        let entities = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        prop_assert!(escaped.split('&').skip(1).all(|rest| entities.iter().any(|entity| rest.starts_with(entity))));
    }
}
