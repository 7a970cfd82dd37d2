use proptest::prelude::*;

use super::{ChangedFile, Depth, Lens, Pass, Tier, groups::group};

fn file<'a>(path: &'a str, line: &'a str, count: usize) -> ChangedFile<'a> {
    ChangedFile { path, lines: vec![line; count], has_callers: false }
}

fn depth(files: &[ChangedFile<'_>]) -> Depth {
    Depth::of(files, &[], 8)
}

#[test]
fn size_and_risk_decide_the_tier() {
    let cases: &[(Tier, &[(&str, usize)])] = &[
        (Tier::Trivial, &[("src/order.py", 10)]),
        (Tier::Trivial, &[("README.md", 900), ("package.json", 300)]),
        (Tier::Trivial, &[]),
        (Tier::Normal, &[("src/order.py", 6), ("src/cart.py", 5)]),
        (Tier::Normal, &[("src/order.py", 400)]),
        (Tier::Normal, &[("src/auth/login.py", 2)]),
        (Tier::Full, &[("src/order.py", 401)]),
        (Tier::Full, &[("src/auth/login.py", 11)]),
        (Tier::Full, &[("db/migrations/7.sql", 30)]),
        (Tier::Full, &[("azure-pipelines.yml", 20)]),
        // A file of which nothing is under review makes nothing risky.
        (Tier::Normal, &[("src/auth/login.py", 0), ("src/order.py", 20)]),
    ];
    for (tier, files) in cases {
        let files: Vec<_> = files.iter().map(|(path, count)| file(path, "total += 1", *count)).collect();
        assert_eq!(depth(&files).tier, *tier, "{files:?}");
    }
}

#[test]
fn a_trivial_change_gets_one_look_and_a_normal_one_three() {
    assert_eq!(depth(&[file("a.py", "x", 3)]).passes, [Pass::General]);
    let normal = depth(&[file("a.py", "with lock:", 30)]);
    assert_eq!(normal.passes, [Pass::General, Pass::Backwards, Pass::Lens(Lens::Concurrency)]);
    // Nothing speaks for any lens.
    let plain = depth(&[file("a.py", "x = 1", 30)]);
    assert_eq!(plain.passes.last(), Some(&Pass::Lens(Lens::Errors)));
}

#[test]
fn a_lens_is_chosen_by_what_the_change_is_about() {
    let cases = [
        ("src/pay/session.ts", "res.redirect(url)", Lens::Security),
        ("db/migrations/7.sql", "alter table orders drop column total", Lens::Storage),
        ("azure-pipelines.yml", "- script: build.sh", Lens::Delivery),
        ("Shop/Orders.cs", "var order = await client.GetAsync(url).Result;", Lens::DotNet),
        ("web/orders.test.ts", "expect(total).toBe(1)", Lens::Tests),
        ("src/order.go", "if err != nil { return nil }", Lens::Errors),
        ("src/order.ts", "export function total(): number {", Lens::Contract),
    ];
    for (path, line, lens) in cases {
        assert_eq!(super::lens::choose(&[file(path, line, 12)], 1), [lens], "{path}");
    }
    let used = ChangedFile { has_callers: true, ..file("a.py", "x = 1", 12) };
    assert_eq!(super::lens::choose(&[used], 1), [Lens::Contract], "callers that were left");
}

#[test]
fn above_four_hundred_lines_groups_of_files_are_read_and_where_they_meet() {
    let files =
        [file("a/one.py", "x", 150), file("a/two.py", "x", 100), file("b/big.py", "x", 500), file("c/three.py", "x", 100)];
    let passes = Depth::of(&files, &[(1, 3)], 8).passes;
    let paths = |paths: &[&str]| Pass::Group { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
    // One and two share a directory, but two is used by three, and the three together are too many lines.
    assert_eq!(
        passes,
        [
            paths(&["a/one.py"]),
            paths(&["a/two.py", "c/three.py"]),
            paths(&["b/big.py"]),
            Pass::Interfaces,
            Pass::Lens(Lens::Errors)
        ]
    );
    // A single file is a single group: it is looked at as any other.
    assert_eq!(depth(&[file("b/big.py", "x", 900)]).passes.first(), Some(&Pass::General));
    assert_eq!(Depth::of(&files, &[], 1).passes, [Pass::General], "no more looks than were asked for");
}

#[test]
fn a_pass_without_which_a_file_would_not_be_read_is_no_extra() {
    assert!(!Pass::General.is_extra() && !Pass::Group { paths: Vec::new() }.is_extra());
    assert!(Pass::Backwards.is_extra() && Pass::Interfaces.is_extra() && Pass::Lens(Lens::Tests).is_extra());
}

proptest! {
    #[test]
    fn every_file_is_read_whatever_the_change(
        sizes in prop::collection::vec((0_usize..5, 0_usize..700), 0..40),
        related in prop::collection::vec((0_usize..45, 0_usize..45), 0..20),
        most in 0_usize..14,
    ) {
        let paths: Vec<String> = sizes.iter().enumerate().map(|(index, (directory, _))| format!("d{directory}/f{index}.py")).collect();
        let files: Vec<_> = paths.iter().zip(&sizes).map(|(path, (_, count))| file(path, "x", *count)).collect();
        let depth = Depth::of(&files, &related, most);
        prop_assert!((1..=most.max(1)).contains(&depth.passes.len()), "{depth:?}");
        let grouped: Vec<&String> = depth.passes.iter().flat_map(|pass| match pass {
            Pass::Group { paths } => paths.iter().collect::<Vec<_>>(),
            _ => Vec::new(),
        }).collect();
        if depth.passes.first() != Some(&Pass::General) {
            let mut wanted: Vec<&String> = paths.iter().zip(&sizes).filter(|(_, (_, count))| *count > 0).map(|(path, _)| path).collect();
            let mut grouped = grouped;
            wanted.sort();
            grouped.sort();
            prop_assert_eq!(grouped, wanted, "each once");
        }
        let groups = group(&files, &related, most);
        prop_assert!(groups.len() <= most.max(1));
    }
}
