use std::sync::LazyLock;

use insta::assert_snapshot;
use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::{code_block, code_span, neutralise, neutralise_line};

fn harmless(text: &str) -> String {
    neutralise(text, 10_000)
}

#[test]
fn ordinary_prose_with_code_keeps_its_form() {
    assert_snapshot!(harmless("The `total` is **never** checked, *so* it wraps:\n\n```rust\nlet x = a * b;\n```\n\n- first\n- second\n  with more\n\n1. one\n2. two"), @r"
    The `total` is **never** checked, *so* it wraps:

    ```rust
    let x = a * b;
    ```

    -  first

    -  second with more

    1. one

    2. two
    ");
}

#[test]
fn names_with_underscores_and_generics_can_be_read() {
    assert_snapshot!(harmless("snake_case_name takes a Vec<String> & returns a[0] > 1"), @r"snake_case_name takes a Vec\<String\> & returns a\[0\] \> 1");
}

#[test]
fn html_and_images_are_shown_and_not_meant() {
    for (text, shown) in [
        ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
        ("a <b>c</b> d", r"a \<b\>c\</b\> d"),
        ("![a picture](https://evil.example/x.png)", "a picture"),
        ("<img src=x onerror=y>", r"\<img src=x onerror=y\>"),
        ("&lt;b&gt;", r"\<b\>"),
        ("x <!-- coderabbit-agent:body --> y", r"x \< !-- coderabbit-agent:body --\> y"),
    ] {
        assert_eq!(harmless(text), shown, "{text}");
    }
}

#[test]
fn links_become_text() {
    for (text, shown) in [
        ("[docs](https://evil.example/a)", "docs"),
        ("[docs](src/a.rs)", "docs (`src/a.rs`)"),
        ("[docs](//evil.example)", "docs"),
        ("[docs](javascript:alert)", "docs"),
        ("see https://evil.example/a?b=1. Then", "see `https://evil.example/a?b=1`. Then"),
        ("<https://evil.example>", "`https://evil.example`"),
        ("www.evil.example/x", "`www.evil.example/x`"),
        ("[a][b]\n\n[b]: https://evil.example", "a"),
        ("[[_TOC_]]", r"\[\[*TOC*\]\]"),
        ("htt![](x)ps://evil.example", "`https://evil.example`"),
    ] {
        assert_eq!(harmless(text), shown, "{text}");
    }
}

#[test]
fn mentions_work_items_pull_requests_and_closing_words_are_broken() {
    for (text, shown) in [
        ("ask @<4C7A2F10-AAAA-BBBB-CCCC-000000000000>", r"ask @ \<4C7A2F10-AAAA-BBBB-CCCC-000000000000\>"),
        ("in `@<4C7A2F10>`", "in `@ <4C7A2F10>`"),
        ("fixes #12 and closes AB#7, see !34", "fixes # 12 and closes AB# 7, see ! 34"),
        ("#1 reason", r"\# 1 reason"),
        ("&#35;12", r"\# 12"),
        ("&#64;&lt;4C7A>", r"@ \<4C7A\>"),
        ("#<!---->1", r"\#\< !----\>1"),
        ("x #![](y)1", "x # 1"),
        ("`#12` stays, C# and 5! too", "`#12` stays, C# and 5! too"),
    ] {
        assert_eq!(harmless(text), shown, "{text}");
    }
}

#[test]
fn commands_to_bots_and_formulas_are_broken() {
    for (text, shown) in [
        ("@coderabbitai resolve", "@ coderabbitai resolve"),
        ("@*Code*RabbitAI pause", "@ CodeRabbitAI pause"),
        ("`@coderabbitai`, @code and @Override", "`@ coderabbitai`, @code and @Override"),
        (r"$\href{x}{y}$ costs $5", r"\$\\href{x}{y}\$ costs \$5"),
        ("$$\nx\n$$", r"\$\$ x \$\$"),
    ] {
        assert_eq!(harmless(text), shown, "{text}");
    }
}

#[test]
fn emphasis_hides_nothing_that_acts() {
    for (text, shown) in [
        ("*@*<b>", r"@ \<b\>"),
        ("fixes #**12**, *really*", "fixes # 12, really"),
        ("see *https:*//evil.example", "see `https://evil.example`"),
        ("**Note:** #1 is *old*", "**Note:** # 1 is *old*"),
        ("*a* `#`*1*", "*a* `#`*1*"),
    ] {
        assert_eq!(harmless(text), shown, "{text}");
    }
}

#[test]
fn blocks_that_the_service_acts_on_are_plain_code() {
    assert_eq!(harmless("```suggestion\nx\n```"), "```text\nx\n```");
    assert_eq!(harmless("```Mermaid\nx\n```"), "```text\nx\n```");
    assert_eq!(harmless("``` \"><b>\nx\n```"), "```text\nx\n```");
    assert_eq!(harmless("::: mermaid\ngraph\n:::"), r"\::: mermaid graph :::");
    assert_eq!(harmless("> [!NOTE]\n> x"), r"\[!NOTE\] x");
}

#[test]
fn headings_quotes_rules_and_tables_are_flattened() {
    assert_snapshot!(harmless("# Big *news*\n\n> quoted\n\n---\n\n| a | b |\n|---|---|\n| 1 | `2` |\n"), @r"
    **Big news**

    quoted

    a — b

    1 — `2`
    ");
}

#[test]
fn nested_lists_stay_lists_and_depth_is_bounded() {
    assert_snapshot!(harmless("- a\n  - b\n\n    more\n- c"), @r"
    -  a

       -  b

          more

    -  c
    ");
    let deep = (0..200).map(|depth| format!("{}- x", "  ".repeat(depth))).collect::<Vec<_>>().join("\n");
    let longest = neutralise(&deep, 100_000).lines().map(str::len).max().unwrap();
    assert!(longest < 300, "{longest}");
    assert_eq!(harmless("- - - - x"), "-  x");
}

#[test]
fn paragraphs_do_not_turn_into_blocks() {
    for (text, shown) in [
        (r"\- x", r"\- x"),
        (r"1\. x", r"1\. x"),
        (r"\# x", r"\# x"),
        ("a\n===", "**a**"),
        (r"\`\`\`suggestion", r"\`\`\`suggestion"),
        ("a\\\nb", "a b"),
    ] {
        assert_eq!(harmless(text), shown, "{text}");
    }
}

#[test]
fn code_cannot_end_the_span_or_block_it_stands_in() {
    assert_eq!(code_span("a`b``c", 100), "``` a`b``c ```");
    assert_eq!(code_span("`a`", 100), "`` `a` ``");
    assert_eq!(code_span("a\nb", 100), "`a b`");
    assert_eq!(code_span("abcdef", 4), "`abc…`");
    assert_eq!(code_span("  ", 4), "");
    assert_eq!(code_block("text", "a\n```\n</details>\n"), "````text\na\n```\n</details>\n````");
    assert_eq!(harmless("~~~~\n```\n# x\n~~~~"), "````\n```\n# x\n````");
}

#[test]
fn invisible_characters_are_taken_out() {
    assert_eq!(harmless("a\u{202e}b\u{200b}c\u{feff}d\u{e0041}e\u{0}"), "abcde");
    assert_eq!(harmless("a\u{fe01}b\u{e0100}c\u{3164}d\u{34f}e"), "abcde");
    assert_eq!(harmless("\u{26a0}\u{fe0f}"), "\u{26a0}\u{fe0f}", "an emoji stays one");
    assert_eq!(code_span("a\u{2066}b", 9), "`ab`");
    assert_eq!(harmless("@\u{200b}<4C7A>"), r"@ \<4C7A\>");
}

#[test]
fn one_line_is_one_table_cell() {
    assert_eq!(neutralise_line("a | `b|c`\n\n- d\n\n```\ne\n```", 500), r"a \| `b\|c` d `e`");
    assert_eq!(neutralise_line("**It** *is* bad", 500), "It is bad");
}

#[test]
fn a_cut_leaves_no_fence_open() {
    let text = format!("Before.\n\n```rust\n{}\n```", "let x = 1;\n".repeat(500));
    let cut = neutralise(&text, 300);
    assert!(cut.chars().count() <= 300);
    assert!(cut.ends_with("```"), "{cut}");
    assert_eq!(cut.matches("```").count(), 2);
    assert_eq!(neutralise("[[[[[[[[", 5), r"\[…");
    assert_eq!(neutralise("~~~\nx\n~~~", 1), "…");
    assert_eq!(neutralise("abc", 0), "");
}

/// What a reader would see of the output, apart from code.
struct Read {
    text: String,
    markdown: String,
    acts: Vec<String>,
}

fn read(markdown: &str) -> Read {
    let mut read = Read { text: String::new(), markdown: markdown.to_owned(), acts: Vec::new() };
    let mut in_code = false;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM | Options::ENABLE_MATH;
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                in_code = true;
                let blank = "x".repeat(range.len());
                read.markdown.replace_range(range, &blank);
                if let CodeBlockKind::Fenced(language) = kind
                    && ["suggestion", "mermaid"].iter().any(|name| language.trim().eq_ignore_ascii_case(name))
                {
                    read.acts.push(language.to_string());
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                in_code = false;
                read.text.push('\n');
            }
            Event::Text(text) if !in_code => read.text.push_str(&text),
            Event::Code(_) => {
                read.text.push('\u{1}');
                let blank = "x".repeat(range.len());
                read.markdown.replace_range(range, &blank);
            }
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock) => {
                read.acts.push(format!("{event:?}"));
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item) | Event::SoftBreak | Event::HardBreak => read.text.push('\n'),
            _ => {}
        }
    }
    read
}

fn assert_harmless(written: &str) -> Result<(), TestCaseError> {
    static READ: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[#!]\d|@<|(?i)[a-z]://|@coderabbit").unwrap());
    static OUTSIDE_CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^ *:::|!\[|[^\\]\]\(|[^\\]<").unwrap());
    static ANYWHERE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"```suggestion|@<|<!--|(?i)@coderabbit").unwrap());
    let seen = read(written);
    prop_assert!(seen.acts.is_empty(), "{:?} in {:?}", seen.acts, written);
    prop_assert!(!READ.is_match(&seen.text), "{:?} read from {:?}", seen.text, written);
    prop_assert!(!OUTSIDE_CODE.is_match(&seen.markdown), "{:?} outside code of {:?}", seen.markdown, written);
    prop_assert!(!ANYWHERE.is_match(written), "{:?}", written);
    Ok(())
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z ]{0,6}",
        "\\PC{0,4}",
        proptest::sample::select(vec![
            "@<",
            "@",
            "<",
            ">",
            "#",
            "!",
            "12",
            "AB#1",
            "fixes #1 ",
            "<b>",
            "</b>",
            "<!--",
            "-->",
            "![",
            "](http://e.x)",
            "[a](b)",
            "](",
            "`",
            "``",
            "```",
            "```suggestion\n",
            "\n",
            "\n\n",
            "    ",
            "- ",
            "1. ",
            "> ",
            "| a | b |\n|---|---|\n| c |",
            "**",
            "*",
            "_",
            "$",
            "$$",
            "coderabbit",
            "@coderabbitai ",
            "~~",
            "\\",
            "&#35;",
            "&lt;",
            "https://",
            "www.",
            "evil.example",
            ":::",
            "<img src=x>",
            "<details>",
            "\u{200b}",
            "![](x)",
            "<https://e.x>",
            "[x]: http://e.x\n",
            "\r",
            "\t",
            "~~~\n",
            "====\n",
            "---\n",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nothing_acts_whatever_the_words(text in hostile()) {
        assert_harmless(&neutralise(&text, 5_000))?;
    }

    #[test]
    fn nothing_acts_in_one_line_either(text in hostile()) {
        let written = neutralise_line(&text, 5_000);
        prop_assert!(!written.contains('\n'));
        assert_harmless(&format!("**{written}**"))?;
        let table = format!("| a | b |\n|---|---|\n| {written} | end |");
        let cells = Parser::new_ext(&table, Options::ENABLE_TABLES).filter(|event| matches!(event, Event::Start(Tag::TableCell)));
        prop_assert_eq!(cells.count(), 4, "{}", table);
    }

    #[test]
    fn a_span_stays_a_span(text in hostile()) {
        let written = format!("a {} z", code_span(&text, 200));
        let seen = read(&written);
        prop_assert!(seen.acts.is_empty());
        prop_assert!(matches!(seen.text.trim(), "a \u{1} z" | "a  z"), "{:?} from {:?}", seen.text, written);
    }

    #[test]
    fn the_limit_is_kept(text in hostile(), limit in 0usize..60) {
        prop_assert!(neutralise(&text, limit).chars().count() <= limit);
        prop_assert!(neutralise_line(&text, limit).chars().count() <= limit);
    }
}
