//! Two reports side by side, as a page like that of one report.

use super::{badge, begin, capitalised, escaped};
use crate::eval::{
    Comparison, Report,
    table::{compared_words, comparison_rows, headline, warnings},
};

const TITLE: &str = "Which reviews are better";

/// The page of what changed from the first report to the second.
pub fn comparison_page(first: &Report, second: &Report, comparisons: &[Comparison]) -> String {
    let mut html = begin(TITLE);
    for (name, report) in [("First", first), ("Second", second)] {
        let about = format!("{name}: {}. Begun {} with coderabbit-agent {}.", headline(report), report.started_at, report.agent);
        html.push_str(&format!("<p class=\"about\">{}</p>\n", escaped(&about)));
    }
    let notes: Vec<String> = [("first", first), ("second", second)]
        .into_iter()
        .flat_map(|(name, report)| warnings(report).into_iter().map(move |warning| format!("{name}: {warning}")))
        .collect();
    if !notes.is_empty() {
        html.push_str("<ul class=\"notes\">\n");
        html.extend(notes.iter().map(|note| format!("<li>{}</li>\n", escaped(&capitalised(note)))));
        html.push_str("</ul>\n");
    }
    for comparison in comparisons {
        push_comparison(&mut html, comparison);
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn push_comparison(html: &mut String, comparison: &Comparison) {
    html.push_str(&format!("<section>\n<h2>{}</h2>\n", escaped(&capitalised(&compared_words(comparison)))));
    html.push_str(
        "<p>The interval holds 95 of 100 differences of reports over cases like these. Only a change whose interval holds no zero is \
         told as one.</p>\n<div class=\"scroll\"><table class=\"list\">\n<tr><th scope=\"col\">figure</th><th scope=\"col\" \
         class=\"number\">first</th><th scope=\"col\" class=\"number\">second</th><th scope=\"col\" class=\"number\">change</th>\
         <th scope=\"col\">95 % interval</th><th></th></tr>\n",
    );
    for [name, first, second, change, interval, verdict] in comparison_rows(comparison) {
        let verdict = match verdict.as_str() {
            "better" => badge("better", "good"),
            "worse" => badge("worse", "bad"),
            _ => String::new(),
        };
        let numbers = [first, second, change].map(|number| format!("<td class=\"number\">{}</td>", escaped(&number))).concat();
        let (name, interval) = (escaped(name.trim()), escaped(&interval));
        html.push_str(&format!("<tr><th scope=\"row\">{name}</th>{numbers}<td>{interval}</td><td>{verdict}</td></tr>\n"));
    }
    html.push_str("</table></div>\n");
    if !comparison.left_out.is_empty() {
        html.push_str("<h3>Not compared</h3>\n<ul>\n");
        let item = |(case, reason): &(String, &str)| format!("<li><b>{}</b>: {}</li>\n", escaped(case), escaped(reason));
        html.extend(comparison.left_out.iter().map(item));
        html.push_str("</ul>\n");
    }
    html.push_str("</section>\n");
}

#[cfg(test)]
mod tests {
    use super::comparison_page;
    use crate::eval::{
        compare,
        test_support::{case, report},
    };

    #[test]
    fn two_reports_stand_side_by_side_and_what_is_chance_is_not_told_as_better() {
        let cases = |found: bool| {
            (0..8).map(|number| case(&format!("case-{number}"), &[found, true], u32::from(!found))).collect::<Vec<_>>()
        };
        let (first, mut second) = (report(cases(false)), report(cases(true)));
        second.cases.push(case("<script>alert(1)</script>", &[true], 0));
        let page = comparison_page(&first, &second, &compare(&first, &second));
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
        for words in
            ["8 cases in both, scored by place", "First: 8 cases", "Second: 9 cases", "+50 points", "badge good", "Not compared"]
        {
            assert!(page.contains(words), "{words} is not in\n{page}");
        }
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        let same = comparison_page(&first, &first, &compare(&first, &first));
        assert!(!same.contains("badge good") && !same.contains("badge bad"), "{same}");
    }
}
