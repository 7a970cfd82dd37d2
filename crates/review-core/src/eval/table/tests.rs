use super::{Report, comparison_table, number, report_table, tokens};
use crate::{
    eval::{
        CaseRun, Stage, compare,
        test_support::{candidate, case, done, expected, report},
    },
    finding::DropReason,
};

fn one_run() -> Report {
    let wanted = vec![expected("src/shop/cart.rs", 10, 12), expected("src/pay.rs", 40, 40)];
    let all = vec![
        candidate("src/shop/cart.rs", 10, Stage::Posted),
        candidate("src/pay.rs", 41, Stage::Dropped(DropReason::Refuted)),
        candidate("src/z.rs", 1, Stage::Dropped(DropReason::QuoteNotFound)),
        candidate("src/z.rs", 9, Stage::Posted),
    ];
    let mut first = case("orders", &[], 0);
    first.runs = vec![done(&wanted, all)];
    first.expected = wanted;
    report(vec![first, case("clean", &[], 0)])
}

#[test]
fn a_run_reads_as_a_table() {
    insta::assert_snapshot!(report_table(&one_run()), @r#"
    2 cases (1 with defects, 1 clean), 1 run; light gpt-4.1-mini, medium o4-mini, heavy o3

                         by place
    recall               50 % (1 of 2)
      critical and high  50 % (1 of 2)
      high               50 % (1 of 2)
      needs the diff     50 % (1 of 2)
    precision            50 % (1 of 2)
    noise                0.5 a pull request
    duplicates           0 a pull request
    comments             1 a pull request
    silent when clean    100 % (1 of 1)
    tokens               10.0k tokens a pull request
    cost                 $0.0420 a pull request
    time                 1.5 s a pull request

    where candidates end                      candidates  at an expected place
      found                                            4                     2
      quoting a line that is not in the file           1                     0
      refuted by the code                              1                     1
      posted                                           2                     1

    expected findings  at                      severity  needs  by place
      orders           src/shop/cart.rs:10-12  high      diff   posted
      orders           src/pay.rs:40           high      diff   refuted

    noise     at          what was said
      orders  src/z.rs:9  Something is wrong at src/z.rs:9.
    "#);
}

#[test]
fn several_runs_are_told_by_their_median_and_what_failed_by_its_reason() {
    let mut often = case("orders", &[true, false], 0);
    often.runs.extend(case("orders", &[true, true], 1).runs);
    often.runs.push(CaseRun::Failed("openai gave no answer: 503".to_owned()));
    insta::assert_snapshot!(report_table(&report(vec![often])), @r#"
    1 case (1 with defects, 0 clean), median of 3 runs; light gpt-4.1-mini, medium o4-mini, heavy o3
    1 review failed and is in no figure

                         by place
    recall               75 % (50 to 100 %)
      critical and high  75 % (50 to 100 %)
      high               75 % (50 to 100 %)
      needs the diff     75 % (50 to 100 %)
    precision            83 % (67 to 100 %)
    noise                0.5 a pull request (0 to 1)
    duplicates           0 a pull request
    comments             2 a pull request (1 to 3)
    tokens               10.0k tokens a pull request
    cost                 $0.0420 a pull request
    time                 1.5 s a pull request

    where candidates end  candidates  at an expected place
      found                        2                   1.5
      posted                       2                   1.5

    expected findings  at            severity  needs  by place
      orders           src/a.rs:10   high      diff   posted 2
      orders           src/a.rs:110  high      diff   never found 1, posted 1

    noise     at              what was said
      orders  src/noise.rs:1  Something is wrong at src/noise.rs:1.

    failed
      orders, run 3: openai gave no answer: 503
    "#);
}

#[test]
fn a_comparison_says_what_is_shown_and_what_is_not() {
    let first = report((0..8).map(|index| case(&format!("case-{index}"), &[true, false], 2)).collect());
    let mut second: Vec<_> = (0..7).map(|index| case(&format!("case-{index}"), &[true, index == 0], 0)).collect();
    second.push(case("other", &[], 0));
    insta::assert_snapshot!(comparison_table(&compare(&first, &report(second))), @r#"
    7 cases in both, scored by place

                                first        second      change  95 % interval
    recall                       50 %          57 %   +7 points  0 to +21 points
      critical and high          50 %          57 %   +7 points  0 to +21 points
      high                       50 %          57 %   +7 points  0 to +21 points
      needs the diff             50 %          57 %   +7 points  0 to +21 points
    precision                    33 %         100 %  +67 points  +67 to +67 points   better
    noise                           2             0          −2  −2 to −2            better
    duplicates                      0             0           0  0 to 0
    comments                        3          1.14       −1.86  −2 to −1.57
    tokens               10.0k tokens  10.0k tokens    0 tokens  0 to 0 tokens
    cost                      $0.0420       $0.0420     $0.0000  $0.0000 to $0.0000
    time                        1.5 s         1.5 s       0.0 s  0.0 to 0.0 s

    not compared
      case-7: it is not in the second report
      other: it is not in the first report
    "#);
}

#[test]
fn figures_are_written_as_short_as_they_can_be() {
    assert_eq!([0.0, 2.0, 0.5, 1.0 / 3.0, 10.0].map(number), ["0", "2", "0.5", "0.33", "10"]);
    assert_eq!([12.0, 999.4, 12_345.0, 271_828.0].map(tokens), ["12", "999", "12.3k", "272k"]);
}
