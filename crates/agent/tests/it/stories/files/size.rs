//! Changes of a size that nobody reads.

use super::{defect, on, stage};
use crate::harness::{CART, LAST_ITEM, QUERY, Reviewed, cart, last_rule};

#[tokio::test]
async fn three_thousand_files_are_reviewed_as_far_as_there_is_room_and_the_rest_is_told() {
    let stage = stage(vec![last_rule()]).await;
    // A hundred lines each: three hundred thousand.
    let body = |number: usize| (0..50).map(|line| format!("def f_{number}_{line}(x):\n    return x + {line}\n")).collect();
    let files: Vec<(String, String)> = (0..3_000).map(|number| (format!("src/module_{number:04}.py"), body(number))).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let code = cart(LAST_ITEM, QUERY);
    files.push((CART, &code));
    let pull_request = stage.open(&files).await;
    let started = std::time::Instant::now();
    let status = pull_request.reviewed(1).await;
    let took = started.elapsed();
    assert!(status.starts_with("succeeded: Partly reviewed: "), "{status}");
    assert!(pull_request.walkthrough().contains("Partly reviewed."), "{}", pull_request.walkthrough());
    let text = pull_request.walkthrough();
    assert!(text.contains("files were not read: no room was left (see the details)."), "{text}");
    let number = |before: &str| -> usize {
        let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} in {text}"));
        rest.split(')').next().unwrap().parse().unwrap()
    };
    assert_eq!(number("- Files reviewed (") + number("  - no room left in this review ("), 3_001, "each is told of: {text}");
    assert!(number("- Files reviewed (") >= 10, "{text}");
    // Four bytes a token and more: the budget is kept, and nothing but the budget is the end of it.
    assert!(stage.model.calls().iter().all(|call| call.prompt().len() < 120_000 * 5), "the budget is kept");
    assert!(took < std::time::Duration::from_mins(1), "{took:?}");
    stage.assert_sound();
}

#[tokio::test]
async fn one_line_in_a_file_of_a_hundred_thousand_is_found_at_its_number() {
    let stage = stage(vec![defect("src/table.py", "x = 'wrong'", "The value is wrong.")]).await;
    let mut lines = vec!["x = 1"; 100_000];
    let text = |lines: &[&str]| lines.join("\n") + "\n";
    stage.repository.push("main", &[("src/table.py", text(&lines))], "A table").await.unwrap();
    lines[99_989] = "x = 'wrong'";
    let all_new = "y = 22\n".repeat(40_000);
    let pull_request = stage.open(&[("src/table.py", &text(&lines)), ("src/new.py", &all_new)]).await;
    let status = pull_request.reviewed(1).await;
    let inline = pull_request.inline();
    assert_eq!(on(&inline, "src/table.py").right, Some((99_990, 99_990)));
    // The other one is too large to be read, which is no clean bill.
    assert_eq!(status, "succeeded: Partly reviewed: 1 file; Reviewed: 1 finding (1 high)");
    let text = pull_request.walkthrough();
    assert!(text.contains("Partly reviewed.") && text.contains("`src/new.py`"), "{text}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_line_of_five_megabytes_costs_its_file_and_nothing_else() {
    let stage = stage(vec![last_rule()]).await;
    let wide = format!("x = \"{}\"\n", "a".repeat(5_000_000));
    let pull_request = stage.open(&[("src/wide.py", &wide), (CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Partly reviewed: 1 file; Reviewed: 1 finding (1 high)");
    assert!(pull_request.walkthrough().contains("`src/wide.py`"), "{}", pull_request.walkthrough());
    assert!(stage.model.calls().iter().all(|call| call.prompt().len() < 500_000));
    stage.assert_sound();
}
