//! The text of a work item's HTML field, for a reader that needs words and not markup.

/// Elements that end a line.
const BLOCKS: [&str; 16] =
    ["p", "div", "br", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote"];

/// Elements whose content is no text.
const SILENT: [&str; 3] = ["script", "style", "head"];

/// Drops the markup, keeps paragraphs, list items and table rows on lines of their own, and decodes entities. Takes any
/// text, well-formed or not.
pub(super) fn from_html(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tail)) = rest.split_once('<') {
        push_text(&mut text, before);
        if !tail.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '!' | '?')) {
            text.push('<');
            rest = tail;
            continue;
        }
        if let Some(comment) = tail.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some((tag, after)) = tail.split_once('>') else {
            rest = "";
            break;
        };
        rest = after;
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if SILENT.contains(&name.as_str()) && !tag.starts_with('/') {
            rest = after_closing(after, &name);
        } else if BLOCKS.contains(&name.as_str()) {
            end_line(&mut text);
            if name == "li" && !tag.starts_with('/') {
                text.push_str("- ");
            }
        } else if matches!(name.as_str(), "td" | "th") {
            text.push(' ');
        }
    }
    push_text(&mut text, rest);
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty() && line != "-").collect::<Vec<_>>().join("\n")
}

/// What follows `</name`'s `>`; nothing when the element is never closed.
fn after_closing<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some((_, tail)) = rest.split_once("</") {
        if tail.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return tail.split_once('>').map_or("", |(_, after)| after);
        }
        rest = tail;
    }
    ""
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Line ends of the source are only white space.
fn push_text(text: &mut String, html: &str) {
    let mut rest = html;
    while let Some((before, tail)) = rest.split_once('&') {
        text.extend(before.chars().map(space));
        // Looks no further than the longest name, so that a field full of ampersands stays cheap.
        let end = tail.char_indices().take(11).find(|(_, character)| *character == ';').map(|(at, _)| at);
        let decoded = end.and_then(|end| Some((entity(tail.get(..end)?)?, tail.get(end + 1..)?)));
        let (character, after) = decoded.unwrap_or(('&', tail));
        text.push(space(character));
        rest = after;
    }
    text.extend(rest.chars().map(space));
}

fn space(character: char) -> char {
    if character.is_whitespace() { ' ' } else { character }
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?).filter(|character| !character.is_control());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" | "ldquo" | "rdquo" => '"',
        "apos" | "rsquo" | "lsquo" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "bull" => '•',
        "copy" => '©',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::from_html;

    #[test]
    fn markup_goes_and_lines_stay() {
        for (html, text) in [
            ("", ""),
            ("plain", "plain"),
            (
                "<div>As a <b>buyer</b>,<br>I pay&nbsp;once.</div><div><br></div><div>Twice is a bug</div>",
                "As a buyer,\nI pay once.\nTwice is a bug",
            ),
            ("<ul><li>one</li><li>two &amp; three</li></ul>", "- one\n- two & three"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ("a < b && c &lt; d &#8594; &#x41; &unknown; &#xD800;", "a < b && c < d → A &unknown; &#xD800;"),
            ("x<script>alert('<p>')</script>y<!-- no --><style>p{}</STYLE>z", "xyz"),
            ("cut <a href=\"x", "cut"),
            ("<script>never closed", ""),
            ("two\r\n   words", "two words"),
        ] {
            assert_eq!(from_html(html), text, "{html}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(html in "[<>/&;!#a-z \\-\u{e4}\u{1f600}]{0,200}") {
            prop_assert!(from_html(&html).len() <= html.len() * 2 + 2);
        }
    }
}
