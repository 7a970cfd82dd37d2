use insta::assert_snapshot;
use proptest::prelude::*;

use super::{
    Arrow, Bar, Block, BlockKind, Colour, MAX_DEPTH, MAX_LABEL_CHARS, MAX_PARTICIPANTS, MAX_STEPS, MAX_TEXT_CHARS, MermaidError,
    Part, Participant, Place, SequenceDiagram, Step, text::clean,
};

fn read(lines: &str) -> Result<SequenceDiagram, MermaidError> {
    SequenceDiagram::parse(&format!("sequenceDiagram\n{lines}"))
}

fn canonical(lines: &str) -> String {
    read(lines).unwrap_or_else(|error| panic!("{error}\n{lines}")).to_mermaid()
}

/// Why a line is not taken.
fn problem(lines: &str) -> String {
    read(lines).expect_err(lines).to_string()
}

const ALL: &str = "
    %% a comment
    autonumber
    actor C as Customer
    participant Shop
    participant db as Order storage
    C->>+Shop: POST /orders
    Note right of Shop: prices are checked
    loop each item
        Shop->>db: reserve(item)
        alt in stock
            db-->>Shop: reserved
        else
            db--xShop: nothing left
        end
    end
    par
        Shop-)Mail: confirmation
    and log
        Shop--)Log: order
    end
    critical payment
        Shop->Bank: pay
    option refused
        Bank-->Shop: no
    end
    opt paid
        break the bank is away
            Shop-xC: try again
        end
    end
    rect rgba(10, 20, 30, .5)
        activate db
        Shop<<->>db: agree
        deactivate db
    end
    Note over Shop,db: one transaction
    Note left of C: waits
    Shop-->>-C: 201";

#[test]
fn every_construct_is_read_and_written_with_names_of_our_own() {
    assert_snapshot!(canonical(ALL), @r"
    sequenceDiagram
        autonumber
        actor p1 as Customer
        participant p2 as Shop
        participant p3 as Order storage
        participant p4 as Mail
        participant p5 as Log
        participant p6 as Bank
        p1->>+p2: POST /orders
        Note right of p2: prices are checked
        loop each item
            p2->>p3: reserve(item)
            alt in stock
                p3-->>p2: reserved
            else
                p3--xp2: nothing left
            end
        end
        par
            p2-)p4: confirmation
        and log
            p2--)p5: order
        end
        alt critical: payment
            p2->p6: pay
        else option: refused
            p6-->p2: no
        end
        opt paid
            opt break: the bank is away
                p2-xp1: try again
            end
        end
        rect rgba(10, 20, 30, 0.50)
            activate p3
            p2->>p3: agree
            deactivate p3
        end
        Note over p2,p3: one transaction
        Note left of p1: waits
        p2-->>-p1: 201
    ");
    let again = SequenceDiagram::parse(&canonical(ALL)).unwrap();
    assert_eq!(again, read(ALL).unwrap());
}

#[test]
fn the_same_in_words_needs_no_drawing() {
    let words = read("A->>B: go\nloop twice\nB->>B: think\nNote over A,B: slow\nend").unwrap().to_words();
    let expected = [(0, "A → B: go"), (0, "loop: twice"), (1, "B → B: think"), (1, "(A, B: slow)")];
    assert_eq!(words, expected.map(|(depth, line)| (depth, line.to_owned())));
}

#[test]
fn fences_windows_line_ends_and_semicolons_are_taken() {
    for source in [
        "```mermaid\nsequenceDiagram\nA->>B: go\n```",
        "::: mermaid\nsequenceDiagram\nA->>B: go\n:::",
        "sequenceDiagram;\r\n\r\nparticipant A;\r\nA->>B: go;\r\n",
    ] {
        let diagram = SequenceDiagram::parse(source).unwrap();
        assert!(diagram.to_mermaid().ends_with("p1->>p2: go"), "{source}");
    }
}

#[test]
fn names_with_dashes_and_blanks_are_names() {
    let text = canonical("order-service->>message queue: put\nmessage queue-xorder-service: full");
    assert!(text.contains("p1 as order-service\n") && text.contains("p2 as message queue\n"), "{text}");
    assert!(canonical("a-b-xc: lost").contains("p1-xp2"), "the last resort");
    let text = canonical("A->>B: one\nparticipant A as Later named");
    assert!(text.contains("participant p1 as Later named"), "{text}");
}

#[test]
fn what_is_not_understood_is_not_drawn() {
    for (lines, why) in [
        ("A->>B", "line 2: neither a word of the language nor a message"),
        ("A: text", "line 2: a message has no arrow"),
        ("A->>B:", "line 2: a message has no text"),
        ("A->>: text", "line 2: this is no name of a participant"),
        ("A->>B->>C: text", "line 2: this is no name of a participant"),
        ("participant", "line 2: this is no name of a participant"),
        ("participant A as #;", "line 2: a participant has no name"),
        ("participant A@{ \"type\": \"database\" }", "line 2: this is no name of a participant"),
        ("A->>B: x\nend", "line 3: no block is open that `end` could end"),
        ("loop x\nA->>B: x", "line 3: a block is not ended"),
        ("loop x\nA->>B: x\nelse y\nend", "line 4: this word divides another kind of block"),
        ("critical x\nA->>B: x\nelse y\nend", "line 4: this word divides another kind of block"),
        ("alt x\nA->>B: x\noption y\nend", "line 4: this word divides another kind of block"),
        ("rect red\nA->>B: x\nend", "line 2: `rect` takes `rgb(…)` or `rgba(…)`"),
        ("rect rgb(300, 0, 0)\nA->>B: x\nend", "line 2: `rect` takes `rgb(…)` or `rgba(…)`"),
        ("Note beside A: x", "line 2: a note is `left of`, `right of` or `over`"),
        ("Note over A", "line 2: a note has no text"),
        ("%%{init: {'theme': 'dark'}}%%\nA->>B: x", "line 2: directives are not taken"),
        ("link A: Docs @ https://evil.example", "line 2: a message has no arrow"),
        ("click A callback", "line 2: neither a word of the language nor a message"),
        ("box Team\nend", "line 2: neither a word of the language nor a message"),
        ("A->>A: alone", "the diagram shows no message between two participants"),
        ("participant A", "the diagram shows no message between two participants"),
    ] {
        assert!(problem(lines).starts_with(why), "{lines}: {}", problem(lines));
    }
    let flowchart = SequenceDiagram::parse("graph TD\nA-->B").unwrap_err().to_string();
    assert_eq!(flowchart, "line 1: a sequence diagram begins with `sequenceDiagram`");
    assert_eq!(SequenceDiagram::parse("").unwrap_err(), MermaidError::NoFlow);
}

#[test]
fn what_is_too_large_is_not_drawn() {
    let crowd = (0..=MAX_PARTICIPANTS).map(|number| format!("A->>B{number}: x")).collect::<Vec<_>>().join("\n");
    assert_eq!(problem(&crowd), format!("the diagram has more than {MAX_PARTICIPANTS} participants"));
    assert_eq!(problem(&"A->>B: x\n".repeat(MAX_STEPS + 1)), format!("the diagram has more than {MAX_STEPS} steps"));
    assert!(read(&"A->>B: x\n".repeat(MAX_STEPS)).is_ok());
    let deep = format!("{}A->>B: x\n{}", "loop x\n".repeat(MAX_DEPTH + 1), "end\n".repeat(MAX_DEPTH + 1));
    assert_eq!(problem(&deep), format!("the diagram has more than {MAX_DEPTH} blocks inside each other"));
    assert!(problem(&"%% x\n".repeat(3_000)).contains("characters"));
}

#[test]
fn bars_that_end_before_they_begin_are_left_out_altogether() {
    let text = canonical("A->>+B: x\nalt yes\nB-->>-A: y\nelse no\nB-->>-A: n\nend");
    assert!(text.contains("p1->>p2: x") && text.contains("p2-->>p1: n") && !text.contains('+'), "{text}");
    assert!(!canonical("A->>B: x\ndeactivate B").contains("activate"));
    assert!(canonical("A->>B: x\nactivate B").contains("activate p2"), "one that does not end is drawn to the end");
}

#[test]
fn words_of_a_diagram_are_nothing_but_words() {
    for (stated, shown) in [
        ("call <b>now</b><br/>please", "call (b)now(/b) please"),
        ("Vec<Order>[0] {id}", "Vec(Order)(0) (id)"),
        ("Order::total & tax; #35; 50%% off", "Order.total and tax, 35, 50% off"),
        ("::: end :::", ". end. ."),
        ("see https://evil.example/x or www.evil.example", "see https:/evil.example/x or www evil.example"),
        ("@<4C7A2F10-0000> fixes #12, !13 and AB#14", "(4C7A2F10-0000) fixes 12, 13 and AB 14"),
        ("@coderabbitai review `now`", "coderabbitai review 'now'"),
        ("a -> b => c", "a to b to c"),
        ("%%{init: {}}%%", "%(init: ())%"),
        ("zero\u{200b}width\ttab\nline", "zerowidth tab line"),
        ("Größe ändern 大きさ → 2×", "Größe ändern 大きさ → 2×"),
    ] {
        assert_eq!(clean(stated, MAX_TEXT_CHARS), shown, "{stated}");
    }
    assert_eq!(clean(&"x".repeat(500), 5), "xxxx…");
}

/// Nothing of the text can be meant by a page, by the container or by Mermaid.
fn assert_harmless(text: &str) {
    for (number, line) in text.lines().enumerate() {
        assert!(!line.trim().is_empty(), "{text}");
        for forbidden in ["::", "`", "@", "#", ";", "{", "[", "%%", "//", "www.", "<", "!", "|", "\\", "\""] {
            assert!(!line.contains(forbidden), "{forbidden} in line {number} of\n{text}");
        }
    }
}

fn text_strategy(most: usize) -> impl Strategy<Value = String> {
    ".{1,60}".prop_map(move |text| clean(&text, most)).prop_filter("empty", |text| !text.is_empty())
}

fn steps_strategy(participants: usize) -> impl Strategy<Value = Vec<Step>> {
    let place = 0..participants;
    let arrow = prop::sample::select(vec![
        Arrow::Line,
        Arrow::DottedLine,
        Arrow::Head,
        Arrow::DottedHead,
        Arrow::Cross,
        Arrow::DottedCross,
        Arrow::Open,
        Arrow::DottedOpen,
    ]);
    let bar = prop::sample::select(vec![Bar::Stays, Bar::Begins]);
    let message = (place.clone(), place.clone(), arrow, bar, text_strategy(MAX_TEXT_CHARS))
        .prop_map(|(from, to, arrow, bar, text)| Step::Message { from, to, arrow, bar, text });
    let note = (place.clone(), place.clone(), 0..4, text_strategy(MAX_TEXT_CHARS)).prop_map(|(one, other, kind, text)| {
        let place = match kind {
            0 => Place::LeftOf(one),
            1 => Place::RightOf(one),
            2 => Place::Over(one),
            _ => Place::Across(one, other),
        };
        Step::Note { place, text }
    });
    let leaf = prop_oneof![4 => message, 1 => note, 1 => place.prop_map(Step::Activate)];
    let tree = leaf.prop_recursive(3, 16, 3, |inner| {
        let kind = prop::sample::select(vec![
            BlockKind::Loop,
            BlockKind::Alt,
            BlockKind::Opt,
            BlockKind::Par,
            BlockKind::Rect(Colour { rgb: [1, 20, 255], opacity: None }),
            BlockKind::Rect(Colour { rgb: [0, 0, 0], opacity: Some(7) }),
        ]);
        let part = (".{0,20}", prop::collection::vec(inner, 0..3));
        (kind, prop::collection::vec(part, 1..3)).prop_map(|(kind, parts)| {
            let most = if kind.divider().is_some() { parts.len() } else { 1 };
            let labelled = !matches!(kind, BlockKind::Rect(_));
            let part = |(label, steps): (String, Vec<Step>)| {
                let label = if labelled { clean(&label, MAX_TEXT_CHARS) } else { String::new() };
                Part { label, steps }
            };
            Step::Block(Block { kind, parts: parts.into_iter().take(most).map(part).collect() })
        })
    });
    prop::collection::vec(tree, 0..4)
}

fn diagram_strategy() -> impl Strategy<Value = SequenceDiagram> {
    let participant =
        (text_strategy(MAX_LABEL_CHARS), any::<bool>()).prop_map(|(label, is_actor)| Participant { label, is_actor });
    (any::<bool>(), prop::collection::vec(participant, 2..5)).prop_flat_map(|(is_numbered, participants)| {
        steps_strategy(participants.len()).prop_map(move |mut steps| {
            let (arrow, bar, text) = (Arrow::Head, Bar::Stays, "flows".to_owned());
            steps.push(Step::Message { from: 0, to: 1, arrow, bar, text });
            SequenceDiagram { is_numbered, participants: participants.clone(), steps }
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_diagram(diagram in diagram_strategy()) {
        let written = diagram.to_mermaid();
        let read = SequenceDiagram::parse(&written);
        // Only the limits may be in the way.
        if !matches!(read, Err(MermaidError::TooLarge { .. })) {
            prop_assert_eq!(read, Ok(diagram), "{}", written);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic_and_all_that_it_takes_is_harmless(
        lines in "((participant|actor|note over|loop|alt|else|end|rect|activate|A->>B:|A<<->>B:|%%|:::|[A-C]{1,2}--?[>x)]{0,2}) ?\\PC{0,24}\n){0,12}",
    ) {
        if let Ok(diagram) = read(&format!("A->>B: x\n{lines}")) {
            assert_harmless(&diagram.to_mermaid());
        }
        let _read = SequenceDiagram::parse(&lines);
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(text in "(\\PC|[<>:;#&%/|@!-]{1,4}|end|www\\.| |\n){0,60}", most in 1..60_usize) {
        let once = clean(&text, most);
        prop_assert!(once.chars().count() <= most);
        prop_assert_eq!(clean(&once, most), once);
    }
}
